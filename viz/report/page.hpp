#pragma once
// The page around a report's parts: one HTML file that needs nothing from outside, and well-formed
// XML as well.

#include <string>

#include "viz/report/plots.hpp"

namespace viz {

// Title, message, legend and drawing.
std::string figure_html(const Figure& figure);

// `title` is text, `body` HTML.
std::string page_html(const std::string& title, const std::string& body);

}  // namespace viz
