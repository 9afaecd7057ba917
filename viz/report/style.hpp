#pragma once
// The page's style sheet: the one place where the report's colours and sizes are.

namespace viz {

const char* report_style();

}  // namespace viz
