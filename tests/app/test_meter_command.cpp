#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/process.hpp"

using nlohmann::json;
using test::Process;

namespace {

std::vector<std::string> command_line(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), AIPCHAIN_PROGRAM);
  return arguments;
}

// The program's exit code; what it said on stderr must hold `says`.
int code_of(std::vector<std::string> arguments, const std::string& says) {
  Process process(command_line(std::move(arguments)));
  const int code = process.finish();
  CAPTURE(process.errors);
  CHECK(process.output.empty());
  CHECK(process.errors.find(says) != std::string::npos);
  return code;
}

// A meter that is served on any free port.
struct Serving {
  explicit Serving(const std::string& device, const std::string& unit = "1")
      : process(
            command_line({"meter", "serve", device, "--listen", "127.0.0.1:0", "--unit", unit})) {
    const std::string line = process.line();
    const std::string expected = "listening on 127.0.0.1:";
    REQUIRE(line.starts_with(expected));
    address = line.substr(std::string("listening on ").size());
  }
  Process process;
  std::string address;
};

}  // namespace

TEST_CASE(
    "a served meter is read by name with unit and raw registers, and ends on a signal with 130") {
  for (const std::string device : {"aipchain_reference", "abb_b23", "eastron_sdm630"}) {
    CAPTURE(device);
    Serving meter(device, "17");
    Process read(command_line(
        {"meter", "read", device, "--connect", meter.address, "--unit", "17", "--json"}));
    REQUIRE(read.finish() == 0);
    const json values = json::parse(read.output).at("values");
    CHECK(values.at("voltage_l1").at("value").get<double>() == doctest::Approx(230).epsilon(0.05));
    CHECK(values.at("voltage_l1").at("unit") == "V");
    CHECK(values.at("import").at("value").get<double>() > 0);
    const std::size_t width = device == "eastron_sdm630" ? 2 : 4;
    CHECK(values.at("import").at("raw").size() == width);
    meter.process.signal(device == "abb_b23" ? SIGINT : SIGTERM);
    CHECK(meter.process.finish() == 130);
    CHECK(meter.process.errors.empty());
  }
}

TEST_CASE("the table for people has a line for each value") {
  Serving meter("abb_b23");
  Process read(command_line({"meter", "read", "abb_b23", "--connect", meter.address}));
  REQUIRE(read.finish() == 0);
  CHECK(read.output.find("frequency                    50 Hz    1388\n") != std::string::npos);
}

TEST_CASE("what cannot be read is an error with its value's name") {
  Serving meter("abb_b23");
  Process other(
      command_line({"meter", "read", "eastron_sdm630", "--connect", meter.address, "--json"}));
  CHECK(other.finish() == 3);
  const json values = json::parse(other.output).at("values");
  CHECK(values.at("power").at("value").is_null());
  CHECK(values.at("power").at("error").get<std::string>().find("Illegal data address") !=
        std::string::npos);
  CHECK(code_of({"meter", "read", "abb_b23", "--connect", meter.address, "--unit", "2"},
                "unit 2") == 3);
  CHECK(code_of({"meter", "serve", "abb_b23", "--listen", meter.address}, "in use") == 3);
  meter.process.signal(SIGTERM);
  meter.process.finish();
  CHECK(code_of({"meter", "read", "abb_b23", "--connect", meter.address}, "cannot connect") == 3);
}

TEST_CASE("a wrong command line is 2, in one message") {
  CHECK(code_of({"meter"}, "subcommand") == 2);
  CHECK(code_of({"meter", "serve", "abb_b23"}, "--listen is required") == 2);
  CHECK(code_of({"meter", "serve", "abb_b24", "--listen", "127.0.0.1:0"}, "nearest is 'abb_b23'") ==
        2);
  CHECK(code_of({"meter", "serve", "none/such.toml", "--listen", "127.0.0.1:0"}, "no such file") ==
        2);
  CHECK(code_of({"meter", "serve", "abb_b23", "--listen", "127.0.0.1"}, "no port") == 2);
  CHECK(code_of({"meter", "serve", "abb_b23", "--listen", "h:0", "--unit", "248"}, "1 to 247") ==
        2);
  CHECK(code_of({"meter", "serve", "abb_b23", "--listen", "h:0", "--speed", "0"}, "--speed") == 2);
  CHECK(code_of({"meter", "read", "abb_b23", "--connect", "h:0"}, "port 0") == 2);
  CHECK(code_of({"meter", "read", "abb_b23", "--connect", "h:1", "--timeout", "2m"}, "--timeout") ==
        2);
  CHECK(code_of({"meter", "read", "abb_b23", "--connect", "h:1", "--timeout", "1"}, "--timeout") ==
        2);
}
