#include "hil/station/station_poller.hpp"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hil/modbus/tcp_socket.hpp"
#include "ledger/base/invariant.hpp"

namespace hil {

using namespace std::chrono_literals;
using ledger::failure;
using ledger::Instant;
using ledger::Result;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_kept = 256;
constexpr auto after_a_line = 1ms, after_nothing = 20ms, after_a_loss = 100ms;
constexpr ledger::Duration connect_timeout = ledger::milliseconds(500);

Result<int> open_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return failure(path + ": " + std::strerror(errno));
  struct stat status {};
  if (fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode))) {
    if (S_ISREG(status.st_mode)) lseek(fd, 0, SEEK_END);  // what stands there is of a time before
    return fd;
  }
  close(fd);
  return failure(path + ": is neither a file nor a FIFO");
}

Result<int> open_source(const StationSource& source) {
  if (const auto* path = std::get_if<std::string>(&source)) return open_path(*path);
  const Address& address = std::get<Address>(source);
  const auto fd = connect_to(address, connect_timeout);
  if (!fd) return failure(to_text(address) + ": cannot connect: " + fd.error());
  return *fd;
}

// A file that was emptied is read from its beginning again.
bool was_emptied(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (status.st_size >= lseek(fd, 0, SEEK_CUR)) return false;
  lseek(fd, 0, SEEK_SET);
  return true;
}

}  // namespace

Result<StationSource> parse_source(const std::string& text) {
  if (text.starts_with("/")) return StationSource(text);
  const auto address = parse_address(text);
  if (!address) return failure(address.error() + ", or a path from / on");
  return StationSource(*address);
}

StationPoller::StationPoller(StationSource source, StationMeter meter, double speed)
    : source_(std::move(source)),
      speed_(speed),
      meter_(std::move(meter)),
      lines_(ledger::max_ocmf_bytes) {
  ledger::invariant(speed_ > 0, "a poller's rhythm");
}

StationPoller::~StationPoller() {
  thread_ = {};
  disconnect();
}

Result<std::unique_ptr<StationPoller>> StationPoller::open(StationSource source, StationMeter meter,
                                                           double speed) {
  std::unique_ptr<StationPoller> out(new StationPoller(std::move(source), std::move(meter), speed));
  if (auto there = out->connect(); !there) return failure(there.error());
  // A FIFO's writer must not lose its reader; a station's clock may count from its first client.
  if (std::holds_alternative<Address>(out->source_)) out->disconnect();
  return out;
}

void StationPoller::begin(RealTime start) {
  start_ = start;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

std::vector<StationPoller::Taken> StationPoller::wait_for(Instant after, Instant end,
                                                          RealTime deadline) {
  std::unique_lock lock(mutex_);
  arrived_.wait_until(lock, deadline,
                      [&] { return !taken_.empty() && taken_.back().registers.time > after; });
  std::vector<Taken> out;
  while (!taken_.empty() && taken_.front().registers.time <= end) {
    out.push_back(std::move(taken_.front()));
    taken_.pop_front();
  }
  return out;
}

StationCounts StationPoller::counts() const {
  const std::scoped_lock lock(mutex_);
  StationCounts out = counts_;
  out.jitter_p50_ms = jitter_.percentile(0.50);
  out.jitter_p99_ms = jitter_.percentile(0.99);
  return out;
}

// The thread ------------------------------------------------------------------------------------

void StationPoller::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!heard_.empty()) {
      hear(heard_.front());
      heard_.pop_front();
      pause(stop, after_a_line);
    } else if (stream_ < 0 && !connect()) {
      pause(stop, after_a_loss);
    } else if (!listen()) {
      pause(stop, stream_ < 0 ? after_a_loss : after_nothing);
    }
  }
}

void StationPoller::pause(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, time, [] { return false; });
}

Result<void> StationPoller::connect() {
  const auto fd = open_source(source_);
  if (fd) {
    stream_ = *fd;
    return {};
  }
  const std::scoped_lock lock(mutex_);
  ++counts_.lost;
  return failure(fd.error());
}

void StationPoller::disconnect() {
  if (stream_ >= 0) close(stream_);
  stream_ = -1;
  lines_.begin_anew();
}

// Waits a little for bytes; false where there are none, and none may come soon.
bool StationPoller::listen() {
  pollfd watched{stream_, POLLIN, 0};
  if (poll(&watched, 1, 50) <= 0) return true;
  std::array<char, 16384> bytes;
  const ssize_t got = read(stream_, bytes.data(), bytes.size());
  if (got > 0) {
    for (RecordLines::Line& line : lines_.take({bytes.data(), static_cast<std::size_t>(got)}))
      heard_.push_back(std::move(line));
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (std::holds_alternative<std::string>(source_) && got == 0) {
    if (was_emptied(stream_)) lines_.begin_anew();
    return false;  // of a file or a FIFO more may come
  }
  disconnect();
  const std::scoped_lock lock(mutex_);
  ++counts_.lost;
  return false;
}

void StationPoller::hear(const RecordLines::Line& line) {
  const RealTime arrival = steady_clock::now();
  bool full = false;
  {
    const std::scoped_lock lock(mutex_);
    full = taken_.size() >= most_kept;
  }
  tl::expected<SignedRegisters, RecordRefusal> taken =
      tl::unexpected(line.too_long ? RecordRefusal::too_long : RecordRefusal::too_many);
  if (!line.too_long && !full) taken = meter_.take(line.text, simulated(arrival));
  const std::scoped_lock lock(mutex_);
  ++counts_.lines;
  counts_.missing = meter_.missing();
  if (!taken) {
    ++counts_.refused[std::string(name_of(taken.error()))];
    return;
  }
  jitter_.add((simulated(arrival) - taken->time).seconds() / speed_ * 1000);
  taken_.push_back({*taken, line.text});
  arrived_.notify_all();
}

Instant StationPoller::simulated(RealTime real) const {
  const std::chrono::duration<double> passed = real - start_;
  return Instant{} + ledger::nanoseconds(std::llround(passed.count() * speed_ * 1e9));
}

}  // namespace hil
