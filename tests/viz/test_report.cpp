#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <string>

#include "tests/viz/made_up_run.hpp"
#include "tests/viz/well_formed.hpp"
#include "viz/report/report.hpp"

using namespace viz;

namespace {

const std::string hostile = "<script>alert('x')</script>\"&\x01\xff]]>";

twin::RunReader open_run(const std::string& path) {
  auto reader = twin::RunReader::open(path);
  REQUIRE(reader);
  return std::move(*reader);
}

std::string report_of(const twin::RunDescription& run, std::int64_t minutes,
                      const std::string& summary = made_up::summary()) {
  made_up::Folder folder;
  made_up::write_run(folder.file("run.db"), run, minutes);
  auto reader = open_run(folder.file("run.db"));
  const auto out = make_report(reader, summary);
  REQUIRE(out);
  return *out;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The part of a page between an element's id and the end of that element.
std::string part(const std::string& page, const std::string& id) {
  const auto begin = page.find("id=\"" + id + "\"");
  REQUIRE(begin != std::string::npos);
  return page.substr(
      begin,
      page.find(begin < page.find("id=\"alerts\"") ? "</figure>" : "</section>", begin) - begin);
}

}  // namespace

TEST_CASE("a report contains every part, is well-formed and needs nothing from outside") {
  const std::string page = report_of(made_up::description(), 1440);
  if (const char* keep = std::getenv("AIPCHAIN_KEEP_REPORT"))
    std::ofstream(keep, std::ios::binary) << page;
  CHECK(made_up::well_formed(page));
  for (const char* id :
       {"power", "flows", "voltage", "loading", "map", "price", "forecast", "consensus"}) {
    CAPTURE(id);
    CHECK(contains(part(page, id), "<svg"));
    CHECK(contains(part(page, id), "class=\"message\""));
  }
  CHECK(contains(part(page, "alerts"), "cable s1-1"));
  CHECK(contains(part(page, "homes"), "home-40"));
  CHECK(contains(part(page, "homes"),
                 "1 is higher. What the grid operator pays and gets by contract and for measures "
                 "is not in them."));
  CHECK(contains(part(page, "homes"), "The homes’ energy bills come to"));
  CHECK(contains(part(page, "homes"), "<th>Energy bill<br/>EUR</th>"));
  CHECK_FALSE(contains(part(page, "homes"), "<th>Bill<br/>"));
  CHECK(contains(part(page, "market"),
                 "1.23 EUR a home on average, from −1.50 to 4.32 EUR; with what the grid operator "
                 "pays and gets by contract and for measures</dd>"));
  CHECK(contains(part(page, "market"), "0.61 EUR of a home’s energy bill on average"));
  CHECK(
      contains(part(page, "market"),
               "5.50 EUR in fees, paid 0.25 EUR, 0.15 EUR of it to homes for measures and relief"));
  CHECK(contains(part(page, "ledger"), "5dc9da79a70659a9"));
  CHECK(contains(part(page, "ledger"), "61 ms median"));
  CHECK(contains(page, "Sunday, 21 June 2026"));

  for (const char* outside :
       {"src=", "href=", "url(", "@import", "<script", "<link", "<iframe", "<object", "<image"}) {
    CAPTURE(outside);
    CHECK_FALSE(contains(page, outside));
  }
  std::string rest = page;  // the names of XML vocabularies are no addresses
  for (const char* name : {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"})
    for (auto at = rest.find(name); at != std::string::npos; at = rest.find(name))
      rest.erase(at, std::string(name).size());
  CHECK_FALSE(contains(rest, "//"));
}

TEST_CASE("messages follow the data") {
  auto run = made_up::description();
  CHECK(contains(part(report_of(run, 1440), "voltage"), "stayed inside the band"));
  run.meta.v_max_pu = 1.02;
  CHECK(contains(part(report_of(run, 1440), "voltage"), "The band was left in"));
  run.meta.max_loading = 5;
  CHECK(contains(part(report_of(run, 1440), "loading"), "no element passed its limit"));
  run.meta.max_loading = 0.1;
  CHECK(contains(part(report_of(run, 1440), "loading"), "above its limit in"));
}

TEST_CASE("the transformer has its article where it stands in a sentence") {
  std::string summary = made_up::summary();
  CHECK(contains(report_of(made_up::description(), 30, summary), ">at cable s1-1<"));
  summary.replace(summary.find("cable s1-1"), 10, "transformer");
  CHECK(contains(report_of(made_up::description(), 30, summary), ">at the transformer<"));
}

TEST_CASE("what is wider than a narrow page shows that it scrolls") {
  const std::string page = report_of(made_up::description(), 30);
  CHECK(contains(page, "linear-gradient(to left, var(--more), transparent) right"));
  CHECK(contains(page, ".scroll::-webkit-scrollbar-thumb {"));
  CHECK(contains(part(page, "homes"), "<div class=\"scroll\">"));
}

TEST_CASE("hostile names are escaped wherever they stand") {
  auto run = made_up::description();
  run.meta.scenario = hostile;
  run.meta.mechanism = hostile;
  for (auto& home : run.homes) home.name = hostile;
  for (auto& bus : run.buses) bus.name = hostile;
  for (auto& branch : run.branches) branch.name = hostile;
  std::string summary = made_up::summary();
  summary.replace(summary.find("cable s1-1"), 10, "<script>");
  const std::string page = report_of(run, 30, summary);
  CHECK(made_up::well_formed(page));
  CHECK_FALSE(contains(page, "<script"));
  CHECK(contains(page, "&lt;script&gt;alert(&#39;x&#39;)"));
}

TEST_CASE("a run that ended at once, or without some parts, still has a report") {
  auto run = made_up::description();
  const std::string page = report_of(run, 0);
  CHECK(made_up::well_formed(page));
  CHECK(contains(page, "No voltage was recorded."));
  CHECK(contains(page, "No market slot was settled."));
  CHECK(contains(page, "No statement was settled."));
  CHECK(made_up::well_formed(report_of(run, 1)));
  CHECK(made_up::well_formed(report_of(run, 16)));
  const std::string bare = report_of(run, 20, "{}");
  CHECK(made_up::well_formed(bare));
  CHECK_FALSE(contains(bare, "nan"));
}

TEST_CASE("a summary that is none is refused") {
  made_up::Folder folder;
  made_up::write_run(folder.file("run.db"), made_up::description(), 1);
  auto reader = open_run(folder.file("run.db"));
  for (const char* text : {"", "{", "[]", "7", "\"x\"", "{\"energy\":1e999}", "\xff\xfe"}) {
    CAPTURE(text);
    CHECK_FALSE(make_report(reader, text));
  }
  for (const char* text : {"{\"energy\":7}", "{\"energy\":{\"consumed_kwh\":\"much\"}}",
                           "{\"ledger\":{\"finality_ms\":[1]}}", "{\"grid\":null}"}) {
    CAPTURE(text);
    const auto page = make_report(reader, text);
    REQUIRE(page);
    CHECK(made_up::well_formed(*page));
  }
}
