// The words of OpenDSS scripts: quotes, comments, reverse Polish numbers, matrices, patterns.

#include <cmath>
#include <doctest/doctest.h>

#include "twin/grid/dss/dss_classes.hpp"
#include "twin/grid/dss/dss_options.hpp"
#include "twin/grid/dss/dss_words.hpp"

using namespace twin;

namespace {

// "name=value|value|..." of a line, or its error.
std::string words(const std::string& line) {
  const auto found = dss_words(line);
  if (!found) return "error: " + found.error();
  std::string out;
  for (const DssWord& w : *found)
    out += (out.empty() ? "" : "|") + w.name + (w.name.empty() ? "" : "=") + w.value;
  return out;
}

}  // namespace

TEST_CASE("a line falls into words") {
  CHECK(words("New Line.a Bus1=b, length = 2") == "New|Line.a|bus1=b|length=2");
  CHECK(words("~ kvs=[2.4 2.4] conns='wye wye'") == "~|kvs=2.4 2.4|conns=wye wye");
  CHECK(words("a=(1 2) b={x y} c=\"!no comment // here\"") == "a=1 2|b=x y|c=!no comment // here");
  CHECK(words("a=1 ! rest").find("rest") == std::string::npos);
  CHECK(words("a=1// rest") == "a=1");
  CHECK(words("a/b") == "a/b");
  CHECK(words("").empty());
  CHECK(words("// nothing").empty());
  CHECK(words("x=[(1 2 /) 3]") == "x=(1 2 /) 3");
  CHECK(words("a=[1 2").find("'[' is not closed by ']'") != std::string::npos);
  CHECK(words("a='x").find("not closed") != std::string::npos);
  CHECK(words("a=").find("given no value") != std::string::npos);
  CHECK(words("a= ! x").find("given no value") != std::string::npos);
  CHECK(words("= 3").find("without a name") != std::string::npos);
}

TEST_CASE("numbers may be written in reverse Polish notation") {
  struct Case {
    const char* text;
    double value;
  };
  for (const Case& c : {Case{"1.5e3", 1500},
                        {"+2", 2},
                        {".5 1000 /", 0.0005},
                        {"8 1000 /", 0.008},
                        {"0.00625 7 * 1 +", 1.04375},
                        {"4.16 3 sqrt /", 2.40177711983},
                        {"2 3 ^ 1 -", 7},
                        {"1 2 swap -", 1},
                        {"60 cos", 0.5},
                        {"1 1 atan2", 45},
                        {"2 sqr inv", 0.25},
                        {"1 exp ln", 1},
                        {"100 log10", 2},
                        {"1 2 3 rollup - -", 4},
                        {"pi pi -", 0}}) {
    CAPTURE(c.text);
    const auto v = dss_number(c.text);
    REQUIRE_MESSAGE(v.has_value(), (v ? "" : v.error()));
    CHECK(*v == doctest::Approx(c.value).epsilon(1e-9));
  }
  for (const char* wrong :
       {"", "x", "1 2", "1 +", "+ +", "1 0 /", "nan", "inf", "1e999", "0x10", "1 2 foo", "swap",
        "-1 sqrt", "0 ln", "1 1 1 1 1 1 1 1 1 1 1", "1,2", "1..2", "--1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(dss_number(wrong).has_value());
  }
}

TEST_CASE("arrays and matrices") {
  CHECK(*dss_numbers("1, 2 (8 2 /)") == std::vector<double>{1, 2, 4});
  CHECK(dss_numbers(" ")->empty());
  CHECK_FALSE(dss_numbers("1 two").has_value());
  CHECK(*dss_list("[a.1 b] 'c d' e") == std::vector<std::string>{"a.1 b", "c d", "e"});
  CHECK(*dss_matrix("1 | 2 3", 2) == std::vector<double>{1, 2, 2, 3});
  CHECK(*dss_matrix("1 2 | 2 3", 2) == std::vector<double>{1, 2, 2, 3});
  CHECK(*dss_matrix("5", 1) == std::vector<double>{5});
  for (const char* wrong : {"", "1", "1 2 3 4", "1 | 2", "1 2 | 3", "1 | 2 3 | 4 5 6", "1 | x y"})
    CHECK_FALSE(dss_matrix(wrong, 2).has_value());
  CHECK(*dss_flag("Yes"));
  CHECK_FALSE(*dss_flag("n"));
  CHECK_FALSE(dss_flag("maybe").has_value());
}

TEST_CASE("patterns find names, whatever they hold") {
  struct Case {
    const char *pattern, *text;
    bool found;
  };
  for (const Case& c : {Case{".*", "anything", true},
                        {"..*", "x", true},
                        {"..*", "", false},
                        {"load", "MyLoad1", true},
                        {"^load", "myload", false},
                        {"d[0-9]+", "d802_806b", true},
                        {"^d[0-9]+$", "d802_806b", false},
                        {"s[^8]", "s830", false},
                        {"colou?r", "COLOR", true},
                        {"a*b", "ccb", true},
                        {"^a+$", "aaaa", true},
                        {"^a+$", "", false}}) {
    CAPTURE(c.pattern);
    CAPTURE(c.text);
    const auto pattern = DssPattern::parse(c.pattern);
    REQUIRE(pattern.has_value());
    CHECK(pattern->is_in(c.text) == c.found);
  }
  // A pattern that takes ages where places are tried one after the other.
  CHECK_FALSE(DssPattern::parse("^a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a*a*a*a*a*a*a*a*b$")
                  ->is_in(std::string(100'000, 'a')));
  for (const char* wrong : {"(a|b)", "a|b", "*", "a{3}", "[a", "[]", "a\\d"})
    CHECK_FALSE(DssPattern::parse(wrong).has_value());
  CHECK_FALSE(DssPattern::parse(std::string(129, 'a')).has_value());
}

TEST_CASE("properties are known by name, by the beginning of one, and by place") {
  const DssClass* transformer = dss_class("transformer");
  REQUIRE(transformer);
  CHECK(transformer->properties[*transformer->find("ppm")].name == "ppm_antifloat");
  CHECK(transformer->properties[*transformer->find("kva")].name == "kva");
  CHECK(transformer->properties[*transformer->find("%loadl")].name == "%loadloss");
  CHECK_FALSE(transformer->find("voltage").has_value());
  const DssClass* source = dss_class("vsource");
  CHECK(*source->find("mvasc1") == *source->find("mvasc3") + 1);
  CHECK(dss_class("monitor")->unneeded);
  CHECK_FALSE(dss_class("capcontrol"));
  CHECK_FALSE(dss_class("circuit"));
}

TEST_CASE("options of Set") {
  CHECK(*dss_option("maxcontroliter", "30") == "maxcontroliter");
  CHECK(*dss_option("voltagebases", "[4.16]") == "voltagebases");
  CHECK(*dss_option("toler", "1e-6") == "tolerance");
  CHECK(*dss_option("year", "0") == "year");
  for (const auto& [name, value] : {std::pair{"year", "3"},
                                    {"loadmodel", "admittance"},
                                    {"cktmodel", "positive"},
                                    {"allowduplicates", "yes"},
                                    {"%growth", "2"},
                                    {"zonelock", "yes"},
                                    {"colour", "red"},
                                    {"", "1"}}) {
    CAPTURE(name);
    CHECK(dss_option(name, value).error().find("not supported") != std::string::npos);
  }
}
