#include "twin/weather/weather_reader.hpp"

#include "twin/weather/irradiance_reader.hpp"
#include "twin/weather/tmy3_reader.hpp"

namespace twin {
namespace {

constexpr std::size_t max_text = 64u << 20;

}  // namespace

ledger::Result<WeatherRecord> read_weather(const std::string& file, const Place& place,
                                           const LoadFile& load) {
  const auto text = load(file);
  if (!text) return ledger::failure(text.error());
  if (text->size() > max_text) return ledger::failure(file + ": larger than 64 MiB");
  return text->starts_with("time") ? read_irradiance(*text, file, place) : read_tmy3(*text, file);
}

}  // namespace twin
