#include "viz/report/page.hpp"

#include "viz/report/html.hpp"
#include "viz/report/style.hpp"

namespace viz {

std::string figure_html(const Figure& figure) {
  std::string legend;
  for (const LegendKey& key : figure.legend)
    legend += "<li><span class=\"key " + key.classes + "\"></span>" + escape(key.words) + "</li>\n";
  return "<figure id=\"" + figure.id + "\">\n" + element("h2", "", escape(figure.title)) +
         element("p", "message", escape(figure.message)) +
         (legend.empty() ? "" : element("ul", "legend", legend)) +
         (figure.svg.empty() ? "" : element("div", "scroll", figure.svg)) + "</figure>\n";
}

std::string page_html(const std::string& title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n"
         "<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>" +
         escape(title) + "</title>\n<style>" + report_style() + "</style>\n</head>\n<body>\n" +
         element("main", "", body) + "</body>\n</html>\n";
}

}  // namespace viz
