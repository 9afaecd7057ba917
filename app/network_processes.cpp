#include "app/network_processes.hpp"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "app/console.hpp"
#include "app/input_file.hpp"

namespace app {

namespace {

constexpr auto start_patience = std::chrono::seconds(2);
constexpr auto end_patience = std::chrono::seconds(10);

struct Child {
  std::string file;
  pid_t pid = -1;
  int status = 0;
  bool running = false;
};

std::string report_of(const std::string& file) {
  return std::filesystem::path(file).replace_extension(".json").string();
}

pid_t start(const std::string& file, bool quiet) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const int out = ::open(report_of(file).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (out < 0 || ::dup2(out, 1) < 0) ::_exit(failed);
  // A terminal's Ctrl-C goes to this process alone, which then ends its children in order.
  ::setpgid(0, 0);
  std::vector<const char*> words{"aipchain", "node", file.c_str(), "--first-start"};
  if (quiet) words.push_back("--quiet");
  words.push_back(nullptr);
  ::execv("/proc/self/exe", const_cast<char* const*>(words.data()));
  ::_exit(127);
}

// Whether one has ended since.
bool reap(std::vector<Child>& children) {
  bool any = false;
  for (Child& c : children)
    if (c.running && ::waitpid(c.pid, &c.status, WNOHANG) == c.pid) {
      c.running = false;
      any = true;
    }
  return any;
}

bool any_running(const std::vector<Child>& children) {
  for (const Child& c : children)
    if (c.running) return true;
  return false;
}

void signal_all(const std::vector<Child>& children, int signal) {
  for (const Child& c : children)
    if (c.running) ::kill(c.pid, signal);
}

bool ended_well(const Child& c) { return WIFEXITED(c.status) && WEXITSTATUS(c.status) == done; }

int print_reports(const std::vector<Child>& children) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const Child& c : children) {
    const auto text = read_file(report_of(c.file));
    auto report = nlohmann::json::parse(text ? *text : "", nullptr, false);
    if (!ended_well(c) || report.is_discarded())
      return complain(failed, c.file + ": its process did not end well");
    nodes.push_back(std::move(report));
  }
  std::cout << nlohmann::json{{"nodes", nodes}}.dump(2) << "\n";
  return done;
}

}  // namespace

ledger::CivilTime soon() {
  using namespace std::chrono;
  const auto at = system_clock::now() + start_patience;
  const auto s = duration_cast<seconds>(at.time_since_epoch()).count() + 1;
  ledger::CivilTime out;
  out.unix_ms = s * 1000;
  return out;
}

int run_processes(const std::vector<std::string>& files, std::chrono::nanoseconds duration,
                  bool quiet) {
  using Clock = std::chrono::steady_clock;
  std::vector<Child> children;
  for (const std::string& file : files) {
    Child& c = children.emplace_back();
    c.file = file;
    c.pid = start(file, quiet);
    c.running = c.pid > 0;
    if (c.running) continue;
    signal_all(children, SIGKILL);
    return complain(failed, file + ": no process can be started for it");
  }
  const auto begin = Clock::now();
  bool lost = false;
  while (!stop_requested && !lost && (duration.count() == 0 || Clock::now() - begin < duration)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    lost = reap(children);
  }
  signal_all(children, SIGTERM);
  const auto end = Clock::now() + end_patience;
  while (any_running(children) && Clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    reap(children);
  }
  signal_all(children, SIGKILL);
  for (Child& c : children)
    if (c.running) ::waitpid(c.pid, &c.status, 0);
  if (const int code = print_reports(children); code != done) return code;
  if (lost) return complain(failed, "a node's process ended before the others");
  return stop_requested ? interrupted : done;
}

}  // namespace app
