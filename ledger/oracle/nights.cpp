#include "ledger/oracle/nights.hpp"

namespace ledger {

bool Nights::dark_at(std::int64_t time_ms) const {
  const CivilFields at = fields_of({epoch_unix_ms + time_ms, 0});
  const Dark& dark = month[static_cast<std::size_t>(at.month - 1)];
  const int minute = at.hour * 60 + at.minute;
  if (dark.from <= dark.to) return dark.from <= minute && minute < dark.to;
  return dark.from <= minute || minute < dark.to;
}

}  // namespace ledger
