#pragma once
// What a command line's number has to be.

#include <CLI/CLI.hpp>

namespace app {

// A number in decimal digits from `least` to `most`; "nan", "inf", a hexadecimal one or one too
// small to tell from 0 is none.
CLI::Validator number_from(double least, double most);

}  // namespace app
