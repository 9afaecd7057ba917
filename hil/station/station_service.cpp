#include "hil/station/station_service.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hil/modbus/tcp_socket.hpp"
#include "ledger/base/invariant.hpp"

namespace hil {

using ledger::Duration;
using ledger::failure;
using ledger::Instant;
using ledger::Result;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_clients = 8;
constexpr Duration longest_idle = ledger::milliseconds(100);

ledger::CivilTime wall_clock() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count(),
          0};
}

ledger::Reading on_the_chain(const MeterReading& r) {
  return {r.sequence,        r.time.whole_ms(),
          r.import_register, r.export_register,
          r.power_w,         static_cast<std::uint8_t>(std::min<std::uint16_t>(r.voltage_v, 255))};
}

// Whether the client has gone; what it says is of no interest.
bool has_gone(int client) {
  std::array<char, 512> said;
  const ssize_t got = recv(client, said.data(), said.size(), MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

StationService::StationService(std::unique_ptr<SimulatedMeter> meter, ServedStation station)
    : meter_(std::move(meter)), station_(std::move(station)) {
  ledger::invariant(station_.speed > 0 && station_.interval.ns > 0, "a station's rhythm");
}

StationService::~StationService() {
  for (const int client : clients_) close(client);
  if (socket_ >= 0) close(socket_);
}

Result<std::unique_ptr<StationService>> StationService::create(
    std::unique_ptr<SimulatedMeter> meter, ServedStation station, const Address& listen) {
  std::unique_ptr<StationService> out(new StationService(std::move(meter), std::move(station)));
  const auto socket = listening_socket(listen);
  if (!socket) return failure(socket.error());
  out->socket_ = *socket;
  out->address_ = {listen.host, port_of(*socket)};
  return out;
}

Result<void> StationService::run(const std::atomic<bool>& stop) {
  while (!stop) {
    bool came = false;
    wait_for_clients(std::min(longest_idle, until_next()), came);
    if (came && page_ == 0)
      if (auto ok = begin(); !ok) return ok;
    while (!stop && until_next() <= Duration{})
      if (auto ok = advance(); !ok) return ok;
  }
  return {};
}

Result<void> StationService::begin() {
  if (const auto again = meter_->rewind(); !again) return failure(again.error());
  coming_ = meter_->next();
  due_ = Instant{} + station_.interval;
  epoch_ = station_.epoch.value_or(wall_clock());
  began_ = steady_clock::now();
  runs_ = true;
  return {};
}

void StationService::wait_for_clients(Duration at_most, bool& came) {
  std::vector<pollfd> watched{{socket_, POLLIN, 0}};
  for (const int client : clients_) watched.push_back({client, POLLIN, 0});
  const std::int64_t wait_ns = std::max<std::int64_t>(0, at_most.ns);
  const timespec wait{wait_ns / 1'000'000'000, static_cast<long>(wait_ns % 1'000'000'000)};
  if (ppoll(watched.data(), watched.size(), &wait, nullptr) <= 0) return;
  for (std::size_t i = clients_.size(); i-- > 0;) {
    if (watched[i + 1].revents == 0 || !has_gone(clients_[i])) continue;
    close(clients_[i]);
    clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (watched[0].revents == 0) return;
  const int client = accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  if (clients_.size() == most_clients) {
    close(client);
    return;
  }
  clients_.push_back(client);
  came = true;
}

Duration StationService::until_next() const {
  if (!runs_ || !coming_) return longest_idle;
  const std::chrono::duration<double> passed = steady_clock::now() - began_;
  const double wait_s = coming_->time.since_epoch().seconds() / station_.speed - passed.count();
  return ledger::nanoseconds(std::llround(std::min(wait_s, 1.0) * 1e9));
}

Result<void> StationService::advance() {
  runs_ = page_ > 0 || !clients_.empty();  // who only looked whether it is there has begun nothing
  if (!runs_) return {};
  const MeterReading reading = *coming_;
  coming_ = meter_->next();
  if (reading.time < due_) return {};
  while (due_ <= reading.time) due_ = due_ + station_.interval;
  const auto record = record_of(reading);
  if (!record) return failure(record.error());
  send_all(*record + "\n");
  return {};
}

Result<std::string> StationService::record_of(const MeterReading& reading) {
  ledger::OcmfTransaction t;
  t.gateway_id = "aipchain";
  t.gateway_serial = station_.serial;
  t.meter_vendor = "aipchain";
  t.meter_model = "simulated";
  t.meter_serial = station_.serial;
  t.page = ++page_;
  t.epoch = epoch_;
  t.end = on_the_chain(reading);
  t.begin = before_.value_or(t.end);
  t.goes_on = true;
  before_ = t.end;
  return write_ocmf(t, station_.key);
}

void StationService::send_all(const std::string& line) {
  std::erase_if(clients_, [&](int client) {
    const ssize_t sent = send(client, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == static_cast<ssize_t>(line.size())) return false;
    close(client);
    return true;
  });
}

}  // namespace hil
