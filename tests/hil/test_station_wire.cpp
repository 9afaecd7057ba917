// Stations on the wire: whatever comes over a connection, a FIFO or a file that grows, the records
// that are good are taken as they came, and the rest is counted.

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hil/modbus/tcp_socket.hpp"
#include "hil/station/station_poller.hpp"
#include "hil/station/station_service.hpp"
#include "ledger/ocmf/ocmf_check.hpp"
#include "tests/hil/station_records.hpp"
#include "tests/hil/support.hpp"

using namespace hil;
using test::record_of;
using test::Said;
using test::second;

namespace {

// A station of one client that says what a test wants.
class Speaker {
 public:
  Speaker() : socket_(*listening_socket({"127.0.0.1", 0})) {}
  ~Speaker() {
    hang_up();
    close(socket_);
  }
  Address address() const { return {"127.0.0.1", port_of(socket_)}; }
  void meet() {
    for (int i = 0; i < 1000 && client_ < 0; ++i) {
      client_ = accept(socket_, nullptr, nullptr);
      if (client_ < 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    REQUIRE(client_ >= 0);
  }
  void say(const std::string& bytes) const {
    REQUIRE(send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() {
    if (client_ >= 0) close(client_);
    client_ = -1;
  }

 private:
  int socket_, client_ = -1;
};

std::unique_ptr<StationPoller> listening_to(StationSource source) {
  auto out = StationPoller::open(std::move(source), test::station(), 1);
  REQUIRE_MESSAGE(out.has_value(), (out ? "" : out.error()));
  // The epoch was 10 s ago.
  (*out)->begin(std::chrono::steady_clock::now() - std::chrono::seconds(10));
  return std::move(*out);
}

// The record of a second that was taken, as it came; "" where none is, soon.
std::string taken_at(StationPoller& poller, int at) {
  const auto out = poller.wait_for(second(at - 1), second(at), test::after(3000));
  return out.empty() ? "" : out.back().record;
}

struct TemporaryFolder {
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "station-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

void append_to(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::app | std::ios::binary) << text;
}

}  // namespace

TEST_CASE("partial lines, lines too long, garbage and a lost connection cost no good record") {
  Speaker station;
  const auto poller = listening_to(station.address());
  station.meet();
  station.hang_up();  // of the first look whether it is there
  station.meet();
  const std::string first = record_of({6, "100.001"}) + " \r",
                    second_one = record_of({7, "100.002"}), third = record_of({8, "100.003"}),
                    fourth = record_of({9, "100.004"});
  station.say(first.substr(0, 100));
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  station.say(first.substr(100) + "\n" + second_one.substr(0, 5));
  CHECK(taken_at(*poller, 6) == first);
  station.say(second_one.substr(5) + "\n" + std::string(100'000, 'x') + "\n\n  \n");
  CHECK(taken_at(*poller, 7) == second_one);
  station.say("\x01\xff\n{}\nOCMF|\n" + second_one + "\n" + third + "\n" + fourth.substr(0, 200));
  CHECK(taken_at(*poller, 8) == third);
  station.hang_up();
  station.meet();
  station.say(fourth.substr(200) + "\n" + fourth + "\n");
  CHECK(taken_at(*poller, 9) == fourth);
  const StationCounts c = poller->counts();
  CHECK(c.refused == std::map<std::string, std::uint64_t>{
                         {"malformed", 4}, {"time_not_rising", 1}, {"too_long", 1}});
  CHECK(c.lines == 10);
  CHECK(c.lost == 1);
  CHECK(c.jitter_p99_ms > 0);
}

TEST_CASE("a record is given at the end that it belongs to, and once") {
  Speaker station;
  const auto poller = listening_to(station.address());
  station.meet();
  station.hang_up();
  station.meet();
  for (const int at : {6, 8, 9, 12}) station.say(record_of({at, "100.001"}) + "\n");
  CHECK(taken_at(*poller, 12) != "");
  CHECK(poller->counts().refused.empty());
  CHECK(poller->wait_for(second(5), second(20), test::after(1)).empty());

  station.say(record_of({13, "100.003"}) + "\n" + record_of({17, "100.005"}) + "\n");
  CHECK(poller->wait_for(second(10), second(15), test::after(3000)).size() == 1);
  CHECK(poller->wait_for(second(15), second(16), test::after(3000)).empty());  // at once
  CHECK(poller->wait_for(second(16), second(20), test::after(3000)).size() == 1);
}

TEST_CASE("a flood of good records is bounded") {
  Speaker station;
  const auto poller = listening_to(station.address());
  station.meet();
  station.hang_up();
  station.meet();
  std::string all;
  for (int ms = 0; ms < 300; ++ms) {
    std::string time = std::to_string(ms);
    time = std::string(3 - time.size(), '0') + time;
    Said said{6, "100.001"};
    std::string text = test::reading_text(said);
    text.replace(text.find(",000+"), 5, "," + time + "+");
    all += record_of(said, text) + "\n";
  }
  station.say(all);
  for (int i = 0; i < 600 && poller->counts().lines < 300; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(poller->counts().lines == 300);
  CHECK(poller->counts().refused == std::map<std::string, std::uint64_t>{{"too_many", 44}});
  CHECK(poller->wait_for(second(5), second(10), test::after(1)).size() == 256);
}

TEST_CASE("a file that grows is read from where it ended, a FIFO whoever writes") {
  const TemporaryFolder folder;
  const std::string file = folder.path + "/records", fifo = folder.path + "/fifo";
  append_to(file, record_of({6, "100.001"}) + "\n");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::string& path : {file, fifo}) {
    const auto poller = listening_to(path);
    const std::string one = record_of({7, "100.002"}), other = record_of({8, "100.003"});
    append_to(path, one.substr(0, 40));
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    append_to(path, one.substr(40) + "\n");
    CHECK(taken_at(*poller, 7) == one);
    if (path == file) std::filesystem::resize_file(file, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    append_to(path, other + "\n");
    CHECK(taken_at(*poller, 8) == other);
    CHECK(poller->counts().refused.empty());
    CHECK(poller->counts().lost == 0);
  }
}

TEST_CASE("a source that is none is refused in words") {
  const auto error_of = [](const std::string& text) {
    const auto source = parse_source(text);
    if (!source) return source.error();
    const auto poller = StationPoller::open(*source, test::station(), 1);
    return poller ? std::string() : poller.error();
  };
  CHECK(error_of("127.0.0.1:1").find("cannot connect") != std::string::npos);
  CHECK(error_of("127.0.0.1").find("no port") != std::string::npos);
  CHECK(error_of("records").find("or a path from / on") != std::string::npos);
  CHECK(error_of("/nowhere/records").find("No such file") != std::string::npos);
  CHECK(error_of("/tmp").find("neither a file nor a FIFO") != std::string::npos);
  CHECK(error_of("/dev/zero").find("neither a file nor a FIFO") != std::string::npos);
}

TEST_CASE("a served station signs its meter's registers, each interval, for whoever listens") {
  const ledger::CivilTime epoch = *ledger::from_rfc3339("2026-06-21T11:00:00+02:00");
  auto service = StationService::create(
      test::formula_meter(1, ledger::minutes(10)),
      {test::station_key(), "4711", epoch, ledger::seconds(10), 40}, {"127.0.0.1", 0});
  REQUIRE(service);
  std::atomic<bool> stop = false;
  std::thread serving([&] { CHECK((*service)->run(stop)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // its clock has not begun
  auto poller = StationPoller::open(
      (*service)->address(),
      {test::station_key().public_key(), {"4711", epoch, 11'000, {1000}, {7000}}}, 40);
  REQUIRE(poller);
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  (*poller)->begin(std::chrono::steady_clock::now());
  const auto truth = test::formula_meter(1, ledger::minutes(10));
  for (int k = 1; k <= 8; ++k) {
    const auto reading = *truth->next();
    if (k % 2 != 0) continue;  // every 5 s there is a reading, every 10 s a record
    const auto end = second(5 * k);
    const auto heard = (*poller)->wait_for(end - ledger::seconds(10), end, test::after(3000));
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].registers.time == reading.time);
    CHECK(heard[0].registers.import_register == reading.import_register);
    CHECK(heard[0].registers.export_register == reading.export_register);
    CHECK_FALSE(heard[0].registers.ends);
    CHECK(check_ocmf(heard[0].record, test::station_key().public_key()).verdict ==
          ledger::OcmfVerdict::valid);
  }
  CHECK((*poller)->counts().refused.empty());
  CHECK((*poller)->counts().missing == 0);
  stop = true;
  serving.join();
}
