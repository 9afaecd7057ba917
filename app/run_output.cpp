#include "app/run_output.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/output_file.hpp"
#include "twin/store/run_reader.hpp"
#include "viz/report/report.hpp"

namespace app {

namespace fs = std::filesystem;
using ledger::failure;
using ledger::Result;

Result<std::string> output_directory(const std::string& asked, const std::string& name) {
  std::error_code error;
  if (!asked.empty()) {
    if (fs::exists(asked, error) &&
        (!fs::is_directory(asked, error) || !fs::is_empty(asked, error)))
      return failure("--out " + asked + ": exists already; wants a new or empty directory");
    return asked;
  }
  for (int k = 1;; ++k) {
    const std::string path = "runs/" + name + "-" + std::to_string(k);
    if (!fs::exists(path, error)) return path;
  }
}

Result<void> write_report(const std::string& directory, const std::string& summary) {
  auto reader = twin::RunReader::open(directory + "/run.db");
  if (!reader) return failure(reader.error().message);
  const auto page = viz::make_report(*reader, summary);
  if (!page) return failure(page.error());
  return write_file(directory + "/report.html", *page);
}

namespace {

// A step without a solution keeps the last one's voltages and flows.
std::string unsolved_steps(const nlohmann::json& s) {
  const auto unsolved = s["grid"]["not_converged"].get<std::uint64_t>();
  if (unsolved == 0) return {};
  const auto all = s["power_flows"].get<std::uint64_t>();
  return std::to_string(unsolved) + " of " + std::to_string(all) +
         " power flows did not converge, worst at bus \"" +
         s["grid"]["unsolved_bus"].get<std::string>() +
         "\": this grid cannot carry these loads, and the figures of those steps are the last "
         "solved step's";
}

std::string unsettled_slots(const nlohmann::json& s) {
  const auto due = s["market"]["slots_due"].get<std::uint64_t>();
  const auto settled = s["market"]["slots_settled"].get<std::uint64_t>();
  if (settled >= due) return {};
  return std::to_string(due - settled) + " of " + std::to_string(due) +
         " market slots were not settled: blocks came too late; see ledger.block_interval and "
         "consensus";
}

std::string refused_transactions(const nlohmann::json& s) {
  const auto refused = s["ledger"]["refused"].get<std::uint64_t>();
  if (refused == 0) return {};
  return std::to_string(refused) +
         " messages or transactions were refused: most likely they came too late";
}

}  // namespace

ExitCode outcome_of(const std::string& summary, bool quiet) {
  const auto s = nlohmann::json::parse(summary);
  std::vector<std::string> doubts{unsolved_steps(s), refused_transactions(s)};
  // A run that was interrupted leaves its last slots open.
  if (!stop_requested) doubts.push_back(unsettled_slots(s));
  std::erase(doubts, "");
  if (!quiet) std::for_each(doubts.begin(), doubts.end(), warn);
  const auto flows = s["power_flows"].get<std::uint64_t>();
  if (flows > 0 && s["grid"]["not_converged"] == flows) {
    complain(failed, "no power flow of this run converged: none of its figures holds");
    return failed;
  }
  return stop_requested ? interrupted : done;
}

namespace {

std::string trade_text(const nlohmann::json& market) {
  const nlohmann::json& price = market["mean_price_eur_per_kwh"];
  if (price.is_null()) return "nothing traded";
  std::array<char, 96> out{};
  std::snprintf(out.data(), out.size(), "%.1f kWh traded at %.3f EUR/kWh on average",
                market["traded_kwh"].get<double>(), price.get<double>());
  return out.data();
}

}  // namespace

std::string describe_run(const std::string& directory, const std::string& summary) {
  const auto s = nlohmann::json::parse(summary);
  std::array<char, 1024> out{};
  const int n = std::snprintf(
      out.data(), out.size(),
      "%s: %.0f s simulated in %.1f s (%.0f times real time)\n"
      "  energy   %.1f kWh used, %.1f kWh PV, %.1f kWh imported, %.1f kWh exported, %.2f kWh lost\n"
      "  grid     highest loading %.0f %%, voltage %.3f to %.3f pu\n"
      "  market   %s, each home saves %.2f EUR\n"
      "  ledger   %llu blocks, %llu transactions, result %.16s\n"
      "  report   %s/report.html\n",
      s["scenario"].get<std::string>().c_str(), s["simulated_s"].get<double>(),
      s["wall_s"].get<double>(), s["speed_up"].get<double>(),
      s["energy"]["consumed_kwh"].get<double>(), s["energy"]["generated_kwh"].get<double>(),
      s["energy"]["imported_kwh"].get<double>(), s["energy"]["exported_kwh"].get<double>(),
      s["energy"]["losses_kwh"].get<double>(), 100 * s["grid"]["max_loading"].get<double>(),
      s["grid"]["v_min_pu"].get<double>(), s["grid"]["v_max_pu"].get<double>(),
      trade_text(s["market"]).c_str(), s["market"]["savings_eur"]["mean"].get<double>(),
      s["ledger"]["height"].get<unsigned long long>(),
      s["ledger"]["transactions"].get<unsigned long long>(),
      s["result_hash"].get<std::string>().c_str(), directory.c_str());
  return {out.data(), static_cast<std::size_t>(n)};
}

}  // namespace app
