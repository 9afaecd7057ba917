#include "tests/support/load_curve_attack.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ledger/base/codec.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/slot_entries.hpp"

namespace test {

using namespace ledger;
using namespace market;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double hidden = -std::numeric_limits<double>::infinity();  // and so is a sum with it

double& at(Curve& curve, std::uint32_t slot) {
  if (curve.size() <= slot) curve.resize(slot + 1, unknown);
  return curve[slot];
}
double at(const Curve& curve, std::size_t slot) {
  return slot < curve.size() ? curve[slot] : unknown;
}
void add(Curve& curve, std::uint32_t slot, double more) {
  double& sum = at(curve, slot);
  sum = std::isnan(sum) ? more : sum + more;
}

double as_number(BytesView bytes) {
  double out = 0;
  for (std::size_t i = 0; i < 6; ++i) out = 256 * out + bytes[i];
  return out;
}

// The first run of series by name; one a gateway each.
class SeriesTable {
 public:
  explicit SeriesTable(std::size_t gateways) : gateways_(gateways) {}
  void add(const std::string& name, std::uint32_t gateway, std::uint32_t slot, double more) {
    test::add(curve(name, gateway), slot, more);
  }
  // One term that is not shown hides the sum.
  void add_shown(const std::string& name, std::uint32_t gateway, std::uint32_t slot,
                 std::int64_t sum) {
    add(name, gateway, slot, sum == hidden_sum ? hidden : static_cast<double>(sum));
    add(name + " shown", gateway, slot, sum == hidden_sum ? 0 : 1);
  }
  std::vector<PublicSeries> take() { return std::move(all_); }

 private:
  Curve& curve(const std::string& name, std::uint32_t gateway) {
    auto found = std::find_if(all_.begin(), all_.end(),
                              [&](const PublicSeries& s) { return s.name == name; });
    if (found == all_.end()) found = all_.insert(all_.end(), {name, std::vector<Curve>(gateways_)});
    return found->of_target[gateway];
  }
  std::size_t gateways_;
  std::vector<PublicSeries> all_;
};

// What one entry shows of its gateway.
struct Shown {
  BytesView entry;
  std::size_t height, place;  // of its block, and within
};

void take_batch(SeriesTable& table, const Shown& shown, const Batch& b, const Genesis& genesis) {
  const auto slot = static_cast<std::uint32_t>((b.epoch * genesis.batch_ms - 1) / genesis.slot_ms);
  const auto gateway = b.gateway.value;
  const auto put = [&](const char* name, double value) { table.add(name, gateway, slot, value); };
  put("batch readings", b.count);
  put("batch records", b.records);
  put("batch sequences", double(b.last_sequence) - b.first_sequence);
  put("batch quarantine", b.quarantine_root == root_of({}) ? 0 : 1);
  put("batch quarantine root", as_number(b.quarantine_root));
  put("batch root", as_number(shown.entry.subspan(2)));
  put("batch leaf", as_number(leaf_hash(shown.entry)));
  put("batch size", static_cast<double>(shown.entry.size()));
  put("batch height", static_cast<double>(shown.height) -
                          static_cast<double>(b.epoch) * genesis.batch_ms / genesis.block_ms);
  put("batch place", static_cast<double>(shown.place));
  table.add_shown("batch import", gateway, slot, b.import_sum.value);
  table.add_shown("batch export", gateway, slot, b.export_sum.value);
}

void take_entry(SeriesTable& table, const Shown& shown, const Genesis& genesis) {
  const auto kind = static_cast<TransactionKind>(shown.entry[1]);
  const BytesView body = shown.entry.subspan(34);
  const auto put = [&](const std::string& name, GatewayId gateway, Slot slot, double value) {
    table.add(name, gateway.value, slot.value, value);
  };
  const auto put_counted = [&](const std::string& name, GatewayId gateway, Slot slot,
                               std::uint32_t count) {
    put(name + " count", gateway, slot, count);
    put(name + " root", gateway, slot, as_number(shown.entry.subspan(2)));
    put(name + " height", gateway, slot, static_cast<double>(shown.height));
    put(name + " place", gateway, slot, static_cast<double>(shown.place));
  };
  if (kind == TransactionKind::batch) take_batch(table, shown, *decode_batch(body), genesis);
  if (kind == TransactionKind::marks) {
    const MarksBody m = *decode_marks_body(body);
    put_counted("marks", m.gateway, m.slot, m.count);
  }
  if (kind == TransactionKind::statements) {
    const StatementsBody s = *decode_statements_body(body);
    put_counted("statements", s.gateway, s.slot, s.count);
  }
  if (kind == TransactionKind::forecast) {
    const ForecastBody f = *decode_forecast_body(body);
    put("forecast total", f.gateway, f.first_slot,
        f.total ? static_cast<double>(f.total->value) : hidden);
    put("forecast shown", f.gateway, f.first_slot, f.total ? 1 : 0);
  }
}

// Homes by account, with their curves.
std::map<AccountId, KnownHome> homes_of(const PublicLog& log, const Openings& openings) {
  std::map<AccountId, KnownHome> homes;
  for (const auto& [index, all] : openings.restricted) {
    const auto kind = static_cast<TransactionKind>(log.entries[index][1]);
    for (const auto& [position, opening] : all) {
      if (kind == TransactionKind::registration) {
        const auto r = decode_registration(opening.data);
        if (r && r->kind == MeterKind::home) homes[r->account].gateway = r->gateway.value;
      }
      if (kind == TransactionKind::statements) {
        const auto s = *decode_statement(opening.data);
        KnownHome& home = homes.at(s.account);
        at(home.imported, s.slot.value) = static_cast<double>(s.imported.value);
        at(home.exported, s.slot.value) = static_cast<double>(s.exported.value);
        at(home.traded, s.slot.value) = static_cast<double>(s.bought.value + s.sold.value);
      }
    }
  }
  return homes;
}

}  // namespace

Village village_of(const PublicLog& log, const Openings& openings) {
  std::map<AccountId, KnownHome> homes = homes_of(log, openings);
  Village out;
  SeriesTable table(log.genesis.gateways.size());
  for (std::size_t height = 1; height <= log.blocks.size(); ++height) {
    const BlockHeader& header = log.blocks[height - 1].header;
    for (std::size_t place = 0; place < header.entries; ++place) {
      const std::size_t index = header.log_size + place;
      const BytesView entry = log.entries[index];
      take_entry(table, {entry, height, place}, log.genesis);
      const auto kind = static_cast<TransactionKind>(entry[1]);
      if (kind == TransactionKind::settlement) {
        const SettlementBody s = *decode_settlement_body(entry.subspan(34));
        at(out.volume, s.slot.value) = static_cast<double>(s.volume.value);
      }
      if (kind != TransactionKind::order) continue;
      const std::uint32_t slot = decode_order_body(entry.subspan(34))->slot.value;
      if (out.orders.size() <= slot) out.orders.resize(slot + 1);
      const AccountId owner = owner_of(openings.restricted.at(index).at(0));
      homes.at(owner).order_at[slot] = out.orders[slot]++;
    }
  }
  for (auto& [account, home] : homes) out.homes.push_back(std::move(home));
  out.by_gateway = table.take();
  return out;
}

// ---- chance

namespace {

// P(X >= k), X binomial.
double binomial_tail(std::uint64_t n, double p, std::uint64_t k) {
  if (k == 0) return 1;
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  double tail = 0;
  const auto log_factorial = [](double x) { return std::lgamma(x + 1); };
  const auto trials = static_cast<double>(n);
  for (std::uint64_t i = k; i <= n; ++i) {
    const auto x = static_cast<double>(i);
    const double term =
        std::exp(log_factorial(trials) - log_factorial(x) - log_factorial(trials - x) +
                 x * std::log(p) + (trials - x) * std::log1p(-p));
    tail += term;
    if (x > trials * p && term < 1e-18) break;
  }
  return std::min(tail, 1.0);
}

}  // namespace

double Matching::by_chance() const { return binomial_tail(said, chance, right); }

// ---- gateways

namespace {

Curve differences(const Curve& curve) {
  Curve out;
  for (std::size_t s = 1; s < curve.size(); ++s) out.push_back(curve[s] - curve[s - 1]);
  return out;
}

// Less the mean over all, so that what all have in common says nothing.
std::vector<Curve> centred(std::vector<Curve> curves) {
  std::size_t slots = 0;
  for (const Curve& c : curves) slots = std::max(slots, c.size());
  for (Curve& c : curves) c.resize(slots, unknown);
  for (std::size_t s = 0; s < slots; ++s) {
    double sum = 0, known = 0;
    for (const Curve& c : curves)
      if (std::isfinite(c[s])) {
        sum += c[s];
        ++known;
      }
    for (Curve& c : curves) c[s] -= known > 0 ? sum / known : 0;
  }
  return curves;
}

// Pearson's, times the root of how many slots both know; 0 where that is too few or one is flat.
double correlation(const Curve& a, const Curve& b) {
  double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (std::size_t s = 0; s < std::min(a.size(), b.size()); ++s) {
    if (!std::isfinite(a[s]) || !std::isfinite(b[s])) continue;
    ++n;
    sa += a[s];
    sb += b[s];
    saa += a[s] * a[s];
    sbb += b[s] * b[s];
    sab += a[s] * b[s];
  }
  const double va = n * saa - sa * sa, vb = n * sbb - sb * sb;
  if (n < 6 || va <= 1e-9 * n * saa || vb <= 1e-9 * n * sbb) return 0;
  return (n * sab - sa * sb) / std::sqrt(va * vb) * std::sqrt(n);
}

// The views of a set of curves that are compared with one another: levels and steps, as they are
// and without what all have in common; and steps of which a large one does not drown the others.
std::vector<std::vector<Curve>> views(const std::vector<Curve>& curves) {
  std::vector<std::vector<Curve>> out{curves, centred(curves), {}, {}, {}};
  for (std::size_t v = 0; v < 2; ++v)
    for (const Curve& c : out[v]) out[v + 2].push_back(differences(c));
  for (Curve c : out[2]) {
    for (double& step : c) step = std::asinh(step);
    out[4].push_back(std::move(c));
  }
  return out;
}

std::vector<Curve> curves_of(const std::vector<KnownHome>& homes, int which) {
  std::vector<Curve> out;
  for (const KnownHome& h : homes) {
    Curve c = which == 1 ? h.exported : h.imported;
    if (which == 2)
      for (std::size_t s = 0; s < c.size(); ++s) c[s] -= at(h.exported, s);
    out.push_back(std::move(c));
  }
  return out;
}

// Of one who says the same names, but of homes at random.
double chance_of(const std::vector<std::size_t>& said, const std::vector<std::size_t>& truth) {
  std::map<std::size_t, double> names, homes;
  for (const std::size_t t : said) ++names[t];
  for (const std::size_t t : truth) ++homes[t];
  double right = 0;
  for (const auto& [target, n] : names) right += n * homes[target];
  return right / (static_cast<double>(said.size()) * static_cast<double>(truth.size()));
}

Matching matched(const std::string& channel, const std::vector<std::size_t>& said,
                 const std::vector<std::size_t>& truth) {
  Matching out{channel, said.size(), 0, chance_of(said, truth)};
  for (std::size_t h = 0; h < said.size(); ++h) out.right += said[h] == truth[h] ? 1 : 0;
  return out;
}

std::size_t place_of_largest(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

}  // namespace

Matching match_series(const std::string& channel, const std::vector<KnownHome>& homes,
                      const std::vector<std::size_t>& truth, const std::vector<Curve>& of_target) {
  Rng rng = Rng(1).fork(channel);
  std::vector<std::vector<double>> scores(homes.size());
  for (auto& of_home : scores)  // what is tied is drawn
    for (std::size_t t = 0; t < of_target.size(); ++t) of_home.push_back(1e-9 * rng.uniform());
  const auto series = views(of_target);
  for (int which = 0; which < 3; ++which) {
    const auto known = views(curves_of(homes, which));
    for (std::size_t v = 0; v < known.size(); ++v)
      for (std::size_t h = 0; h < homes.size(); ++h)
        for (std::size_t t = 0; t < of_target.size(); ++t)
          scores[h][t] = std::max(scores[h][t], correlation(known[v][h], series[v][t]));
  }
  std::vector<std::size_t> said;
  for (const auto& of_home : scores) said.push_back(place_of_largest(of_home));
  return matched(channel, said, truth);
}

namespace {

// Of a number a day: who uses most is behind the gateway of which most is expected.
Matching match_totals(const Village& v, const PublicSeries& totals,
                      const std::vector<std::size_t>& truth) {
  const auto numbers = centred(totals.of_target);
  Rng rng = Rng(1).fork(totals.name);
  std::vector<double> of_home;
  for (const Curve& c : curves_of(v.homes, 2))
    of_home.push_back(std::accumulate(c.begin(), c.end(), 0.0, [](double sum, double wh) {
      return std::isnan(wh) ? sum : sum + wh;
    }));
  const double mean =
      std::accumulate(of_home.begin(), of_home.end(), 0.0) / static_cast<double>(of_home.size());
  std::vector<std::size_t> said;
  for (const double total : of_home) {
    std::vector<double> scores;
    for (const Curve& c : numbers) {
      double sum = 1e-9 * rng.uniform();
      for (const double number : c) sum += std::isfinite(number) ? number * (total - mean) : 0;
      scores.push_back(sum);
    }
    said.push_back(place_of_largest(scores));
  }
  return matched(totals.name + " of the day", said, truth);
}

}  // namespace

std::vector<Matching> match_gateways(const Village& v) {
  std::vector<std::size_t> truth;
  for (const KnownHome& h : v.homes) truth.push_back(h.gateway);
  std::vector<Matching> out;
  for (const PublicSeries& s : v.by_gateway) {
    out.push_back(match_series(s.name, v.homes, truth, s.of_target));
    if (s.name == "forecast total") out.push_back(match_totals(v, s, truth));
  }
  return out;
}

// ---- orders

namespace {

// Ranks from 0, by rising value; of equal ones the earlier home's is lower.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t r = 0; r < order.size(); ++r) out[order[r]] = static_cast<double>(r);
  return out;
}

// `place` says where among n orders a home's one is; rounded down.
template <class Place>
Matching match_places(const Village& v, const std::string& channel, std::size_t first_slot,
                      Place place) {
  Matching out{channel, 0, 0, 0};
  double by_chance = 0;
  for (std::size_t slot = first_slot; slot < v.orders.size(); ++slot) {
    const double n = v.orders[slot];
    const std::vector<double> places = place(static_cast<std::uint32_t>(slot), n);
    for (std::size_t h = 0; h < v.homes.size(); ++h) {
      const auto truth = v.homes[h].order_at.find(static_cast<std::uint32_t>(slot));
      if (truth == v.homes[h].order_at.end()) continue;
      ++out.said;
      by_chance += 1 / n;
      out.right += std::floor(places[h]) == truth->second ? 1 : 0;
    }
  }
  out.chance = out.said == 0 ? 0 : by_chance / static_cast<double>(out.said);
  return out;
}

// Where each home's orders stood on average before `end`, as a share of the orders.
std::vector<double> mean_places(const Village& v, std::size_t end) {
  std::vector<double> out;
  for (const KnownHome& h : v.homes) {
    double sum = 0, n = 0;
    for (const auto& [slot, place] : h.order_at)
      if (slot < end) {
        sum += (place + 0.5) / v.orders[slot];
        ++n;
      }
    out.push_back(n > 0 ? sum / n : 0.5);
  }
  return out;
}

// Of homes with an order in the slot, who are taken to be known: their ranks among one another.
std::vector<double> ranks_in_slot(const Village& v, std::uint32_t slot,
                                  std::vector<double> values) {
  for (std::size_t h = 0; h < v.homes.size(); ++h)
    if (!v.homes[h].order_at.contains(slot)) values[h] = std::numeric_limits<double>::infinity();
  return ranks(values);
}

}  // namespace

std::vector<Matching> match_orders(const Village& v) {
  std::vector<Matching> out;
  const auto by = [&](const std::string& what, auto value) {
    for (const double sign : {1.0, -1.0})
      out.push_back(match_places(v, "order by " + (sign > 0 ? what : "falling " + what), 0,
                                 [&](std::uint32_t slot, double) {
                                   std::vector<double> values;
                                   for (std::size_t h = 0; h < v.homes.size(); ++h)
                                     values.push_back(sign * value(h, slot));
                                   return ranks_in_slot(v, slot, std::move(values));
                                 }));
  };
  const auto net = [&](std::size_t h, std::uint32_t slot) {
    const double wh = at(v.homes[h].imported, slot) - at(v.homes[h].exported, slot);
    return std::isnan(wh) ? 0 : wh;
  };
  by("net energy", net);
  by("net energy before",
     [&](std::size_t h, std::uint32_t slot) { return slot == 0 ? 0 : net(h, slot - 1); });
  by("size", [&](std::size_t h, std::uint32_t slot) { return std::abs(net(h, slot)); });
  by("account", [](std::size_t h, std::uint32_t) { return static_cast<double>(h); });
  by("gateway", [&](std::size_t h, std::uint32_t) { return double(v.homes[h].gateway); });
  const std::size_t half = v.orders.size() / 2;
  const std::vector<double> learnt = mean_places(v, half);
  out.push_back(match_places(v, "order by earlier places", half, [&](std::uint32_t slot, double) {
    return ranks_in_slot(v, slot, learnt);
  }));
  return out;
}

// ---- volume

// Says a name where one home alone shows the slot's volume.
Matching match_volume(const Village& v) {
  Matching out{"volume of one home", 0, 0, 1 / static_cast<double>(v.homes.size())};
  for (std::size_t slot = 0; slot < v.volume.size(); ++slot) {
    const double volume = v.volume[slot];
    if (std::isnan(volume) || volume == 0) continue;
    std::vector<const KnownHome*> fit;
    for (const KnownHome& h : v.homes)
      if (at(h.imported, slot) == volume || at(h.exported, slot) == volume) fit.push_back(&h);
    if (fit.size() != 1) continue;
    ++out.said;
    out.right += at(fit[0]->traded, slot) == volume ? 1 : 0;
  }
  return out;
}

// ---- digests

namespace {

constexpr std::size_t most_guessed = 10'000;

std::uint64_t first_word(BytesView bytes) { return ByteReader(bytes).u64(); }

std::vector<std::uint64_t> windows_of(const std::vector<Bytes>& files) {
  std::vector<std::uint64_t> out;
  for (const Bytes& f : files)
    for (std::size_t i = 0; i + 32 <= f.size(); ++i)
      out.push_back(first_word(BytesView(f).subspan(i, 8)));
  std::sort(out.begin(), out.end());
  return out;
}

// Salts that somebody might have used who did not think.
std::vector<Salt> guessed_salts(const Hash& chain_id, const AccountId& account, BytesView data) {
  std::vector<SubjectKey> keys{SubjectKey{}, chain_id, sha256(account.bytes), sha256({})};
  keys.emplace_back();
  std::copy(account.bytes.begin(), account.bytes.end(), keys.back().begin());
  std::vector<Salt> out(keys.begin(), keys.end());
  if (data.size() < 25) return out;
  ByteReader r(data.subspan(17));
  const std::uint32_t owner = r.u32(), number = r.u32();
  for (const SubjectKey& key : keys)
    for (const char label : std::string_view("rbgkmowsft"))
      out.push_back(derive_salt(key, static_cast<SaltLabel>(label), owner, number));
  return out;
}

bool is_public(const std::vector<std::uint64_t>& windows, const Hash& digest) {
  return std::binary_search(windows.begin(), windows.end(), first_word(digest));
}

// As it is, hashed twice, and as a leaf.
bool found(const std::vector<std::uint64_t>& windows, const Hash& digest) {
  return is_public(windows, digest) || is_public(windows, sha256(digest)) ||
         is_public(windows, leaf_hash(digest));
}

struct CommittedTo {
  AccountId account;
  Bytes data;
};

std::vector<CommittedTo> all_committed_to(const Openings& openings) {
  std::vector<CommittedTo> out;
  for (const auto& [index, all] : openings.restricted)
    for (const auto& [position, o] : all) out.push_back({owner_of(o), o.data});
  for (const auto& [epoch, all] : openings.personal)
    for (const auto& [meter, p] : all) {
      out.push_back({p.record.account, encode(p.record)});
      for (const ReadingBytes& r : p.readings) out.push_back({p.record.account, to_bytes(r)});
    }
  return out;
}

}  // namespace

Matching match_digests(const PublicLog& log, const Openings& openings,
                       const std::vector<Bytes>& files) {
  const std::vector<std::uint64_t> windows = windows_of(files);
  const std::vector<CommittedTo> all = all_committed_to(openings);
  const std::size_t stride = all.size() / most_guessed + 1;
  Matching out{"digest of what is committed to", 0, 0, 1e-12};
  for (std::size_t i = 0; i < all.size(); i += stride) {
    const CommittedTo& c = all[i];
    bool hit = found(windows, sha256(c.data)) || is_public(windows, leaf_hash(c.data));
    for (const Salt& salt : guessed_salts(log.chain_id, c.account, c.data))
      hit = hit || found(windows, commitment(salt, c.data));
    ++out.said;
    out.right += hit ? 1 : 0;
  }
  return out;
}

}  // namespace test
