#pragma once
// The report of a run: one HTML page that needs nothing from outside, for screens light and dark
// and for paper. It is also well-formed XML (every element closed, only numeric entities).

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "viz/report/report_data.hpp"

namespace viz {

// From a run's store and the text of its summary.json. The message says which of the two is wrong.
tl::expected<std::string, std::string> make_report(twin::RunReader& run,
                                                   std::string_view summary_json);

std::string render_report(const ReportData& data);

}  // namespace viz
