#pragma once
// Pieces of the report's page.

#include <string>
#include <string_view>

#include "viz/report/svg.hpp"

namespace viz {

inline std::string element(std::string_view name, std::string_view classes,
                           const std::string& inside) {
  const std::string attribute =
      classes.empty() ? std::string() : " class=\"" + std::string(classes) + "\"";
  return "<" + std::string(name) + attribute + ">" + inside + "</" + std::string(name) + ">\n";
}

// A cell of a table: figures to the right, words to the left.
inline std::string cell(const std::string& words) { return "<td>" + escape(words) + "</td>"; }
inline std::string word_cell(const std::string& words) {
  return "<td class=\"words\">" + escape(words) + "</td>";
}

inline std::string fact_html(const std::string& name, const std::string& html) {
  return "<dt>" + escape(name) + "</dt><dd>" + html + "</dd>\n";
}

// A head of cells and rows, both as HTML; scrolls where it is wider than the page.
inline std::string table_html(const std::string& head, const std::string& rows) {
  return element(
      "div", "scroll",
      element("table", "", "<thead><tr>" + head + "</tr></thead>\n" + element("tbody", "", rows)));
}

inline std::string section_html(const std::string& id, const std::string& title,
                                const std::string& message, const std::string& body) {
  return "<section id=\"" + id + "\">\n" + element("h2", "", escape(title)) +
         (message.empty() ? "" : element("p", "message", escape(message))) + body + "</section>\n";
}

}  // namespace viz
