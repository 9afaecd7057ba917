#pragma once
// Runs a program as a user does: its output, its errors, its exit code.

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace test {

// One running program; whoever forgets it ends it.
class Process {
 public:
  explicit Process(std::vector<std::string> command) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      std::vector<char*> argv;
      for (std::string& each : command) argv.push_back(each.data());
      argv.push_back(nullptr);
      execvp(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(out_);
    close(err_);
  }
  Process(const Process&) = delete;

  // The next line of its output, without the newline; what there is of it after ten seconds.
  std::string line() {
    std::string text;
    for (char c; wait_for_output() && ::read(out_, &c, 1) == 1 && c != '\n';) text.push_back(c);
    return text;
  }
  // The most that it has held in memory so far, in MB of 10^6 bytes (VmHWM of proc(5)); 0 where the
  // system does not say.
  double peak_mb() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; status >> word;)
      if (double kb = 0; word == "VmHWM:" && status >> kb) return kb * 1024 / 1e6;
    return 0;
  }
  void signal(int number) const { kill(pid_, number); }

  // Reads both streams to their ends; the exit code, or 128 + the signal that ended it.
  int finish() {
    output += all_of(out_);
    errors += all_of(err_);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string output, errors;

 private:
  bool wait_for_output() const {
    pollfd watched{out_, POLLIN, 0};
    return poll(&watched, 1, 10'000) == 1;
  }
  static std::string all_of(int fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }
  pid_t pid_;
  int out_, err_;
};

}  // namespace test
