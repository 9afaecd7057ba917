// Server and reader against each other, against sockets that misbehave, and against mbpoll.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hil/modbus/modbus_meter_reader.hpp"
#include "hil/modbus/modbus_meter_server.hpp"
#include "ledger/base/rng.hpp"
#include "tests/hil/support.hpp"

using namespace hil;
using namespace std::chrono_literals;
using ledger::Bytes;
using ledger::milliseconds;

namespace {

// A device that is nothing but an image; it is served in a thread of its own.
class ServedImage : public RegisterDevice {
 public:
  explicit ServedImage(const DeviceMap& map) : image(map) {}
  ~ServedImage() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  const Address& start(std::uint8_t unit = 1) {
    server_ = std::move(*ModbusMeterServer::listen({"127.0.0.1", 0}, unit, *this));
    thread_ = std::thread([this] {
      while (!stop_) server_->serve(milliseconds(10));
    });
    return server_->address();
  }
  bool read(int function, std::uint16_t address, std::span<std::uint16_t> out) override {
    ++requests;
    return image.read(function, address, out);
  }
  ModbusException write(std::uint16_t, std::span<const std::uint16_t>) override {
    return ModbusException::illegal_address;
  }
  RegisterImage image;
  std::atomic<int> requests = 0;

 private:
  std::atomic<bool> stop_ = false;
  std::unique_ptr<ModbusMeterServer> server_;
  std::thread thread_;
};

DeviceMap map_of(const std::string& values) {
  return *read_device_map("[device]\nmaker='M'\nmodel='X'\nsource='s'\n" + values, "x.toml");
}

std::string mapped(const char* name, const char* unit, int function, int address, const char* type,
                   const char* more = "") {
  return std::string("[[value]]\nname='") + name + "'\nunit='" + unit +
         "'\nfunction=" + std::to_string(function) + "\naddress=" + std::to_string(address) +
         "\ntype='" + type + "'\n" + more + "\n";
}

int connected(const Address& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  const timeval wait{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  return fd;
}

void put(int fd, const Bytes& bytes) {
  // The other side may have closed: that is for the test to find out by reading.
  (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

Bytes take(int fd, std::size_t most = 512) {
  Bytes out(most);
  const ssize_t got = recv(fd, out.data(), out.size(), 0);
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

bool closed_by_server(int fd) {
  std::uint8_t byte;
  return recv(fd, &byte, 1, 0) == 0;
}

// A server that is written by the test: takes one client after another, hands each request (in its
// order since the start) to a function that answers, or not, on the socket.
class ScriptedServer {
 public:
  using Script = std::function<void(int fd, int request, const Bytes& frame)>;
  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0);
    REQUIRE(listen(listener_, 8) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    address = {"127.0.0.1", ntohs(at.sin_port)};
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  Address address;
  std::atomic<int> connections = 0;

 private:
  void serve() {
    int request = 0;
    for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0; close(fd)) {
      ++connections;
      for (Bytes frame; !(frame = take(fd)).empty();) script_(fd, request++, frame);
    }
  }
  Script script_;
  int listener_;
  std::thread thread_;
};

// The answer to a read of one register.
Bytes one_register(const Bytes& request, std::uint16_t value, int transaction_offset = 0) {
  const int transaction = request[0] * 256 + request[1] + transaction_offset;
  return {static_cast<std::uint8_t>(transaction >> 8),
          static_cast<std::uint8_t>(transaction),
          0,
          0,
          0,
          5,
          request[6],
          request[7],
          2,
          static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value)};
}

}  // namespace

TEST_CASE("values travel by map: both functions, word orders, scales, signs") {
  const DeviceMap map =
      map_of(mapped("power", "kW", 3, 100, "i32", "scale=0.001") +
             mapped("power_l1", "W", 3, 102, "i32", "word_order='low_first'\nsign=-1") +
             mapped("import", "kWh", 4, 0, "u64", "scale=0.01") +
             mapped("voltage_l1", "V", 4, 40, "f32", "word_order='low_first'") +
             mapped("frequency", "Hz", 3, 500, "u16", "scale=0.01"));
  ServedImage device(map);
  device.image.show("power", -4321);
  device.image.show("power_l1", 70000);
  device.image.show("import", 98'765'430'000);
  device.image.show("voltage_l1", 231.5);
  device.image.show("frequency", 49.98);
  ModbusMeterReader reader(device.start(), 1, milliseconds(1000));
  const auto values = reader.read(map);
  REQUIRE_MESSAGE(values.has_value(), (values ? "" : values.error().message));
  REQUIRE(values->size() == 5);
  CHECK(*(*values)[0].number == doctest::Approx(-4.321));
  CHECK(*(*values)[1].number == 70000);
  CHECK((*values)[1].registers == std::vector<std::uint16_t>{0xEE90, 0xFFFE});
  CHECK(*(*values)[2].number == doctest::Approx(98765.43));
  CHECK(*(*values)[3].number == 231.5);
  CHECK(*(*values)[4].number == doctest::Approx(49.98));
  CHECK((*values)[4].value->unit == "Hz");
  CHECK(device.requests == 4);  // the two powers touch
}

TEST_CASE("a NaN and a not-implemented pattern spoil their own value only") {
  const DeviceMap map =
      map_of(mapped("power", "W", 3, 0, "f32") + mapped("import", "Wh", 3, 2, "u32") +
             mapped("frequency", "Hz", 3, 4, "u16", "missing='0xFFFF'"));
  ServedImage device(map);
  device.image.show("power", std::nan(""));
  device.image.show("import", 5000);
  device.image.show("frequency", std::nan(""));
  ModbusMeterReader reader(device.start(), 1, milliseconds(1000));
  const auto values = reader.read(map);
  REQUIRE(values);
  CHECK((*values)[0].number.error().find("not a finite number") != std::string::npos);
  CHECK(*(*values)[1].number == 5);
  CHECK((*values)[2].number.error().find("not implemented") != std::string::npos);
  CHECK((*values)[2].registers == std::vector<std::uint16_t>{0xFFFF});
}

TEST_CASE("a register that the device lacks spoils its own value only") {
  ServedImage device(map_of(mapped("power", "W", 3, 0, "u16")));
  device.image.show("power", 7);
  const DeviceMap wider =
      map_of(mapped("power", "W", 3, 0, "u16") + mapped("frequency", "Hz", 3, 1, "u16"));
  ModbusMeterReader reader(device.start(), 1, milliseconds(1000));
  const auto values = reader.read(wider);
  REQUIRE(values);
  CHECK(*(*values)[0].number == 7);
  CHECK((*values)[1].registers.empty());
  CHECK((*values)[1].number.error().find("Illegal data address") != std::string::npos);
}

TEST_CASE("exceptions, the wrong unit and an absent server are told apart") {
  ServedImage device(map_of(mapped("power", "W", 3, 0, "u16")));
  const Address address = device.start(7);
  ModbusMeterReader reader(address, 7, milliseconds(1000));
  CHECK(reader.read(3, 0, 1));
  const auto outside = reader.read(3, 1, 1);
  REQUIRE(!outside);
  CHECK(outside.error().kind == ModbusError::Kind::exception);
  CHECK(outside.error().exception == ModbusException::illegal_address);
  CHECK(reader.connected());  // an exception is an answer
  const auto other_function = reader.read(4, 0, 1);
  REQUIRE(!other_function);
  CHECK(other_function.error().exception == ModbusException::illegal_address);
  const std::array<std::uint16_t, 1> word{1};
  CHECK(reader.write(0, word).error().exception == ModbusException::illegal_address);

  ModbusMeterReader other(address, 8, milliseconds(1000));
  const auto wrong = other.read(3, 0, 1);
  REQUIRE(!wrong);
  CHECK(wrong.error().exception == ModbusException::target_silent);
  CHECK(wrong.error().message.find("unit 8") != std::string::npos);

  std::uint16_t closed_port = 0;
  {
    ServedImage gone(map_of(mapped("power", "W", 3, 0, "u16")));
    closed_port = gone.start().port;
  }
  ModbusMeterReader nobody({"127.0.0.1", closed_port}, 1, milliseconds(300));
  const auto refused = nobody.read(3, 0, 1);
  REQUIRE(!refused);
  CHECK(refused.error().kind == ModbusError::Kind::unreachable);
  CHECK(refused.error().message.find("refused") != std::string::npos);
  ModbusMeterReader unknown({"no such host", 502}, 1, milliseconds(300));
  CHECK(unknown.read(3, 0, 1).error().kind == ModbusError::Kind::unreachable);
}

TEST_CASE("a late answer dies with its connection and is never taken for the next") {
  ScriptedServer server([](int fd, int request, const Bytes& frame) {
    if (request == 0) std::this_thread::sleep_for(150ms);  // longer than the reader waits
    put(fd, one_register(frame, static_cast<std::uint16_t>(1000 + request)));
  });
  ModbusMeterReader reader(server.address, 1, milliseconds(50));
  const auto first = reader.read(3, 0, 1);
  REQUIRE(!first);
  CHECK(first.error().kind == ModbusError::Kind::timeout);
  CHECK(!reader.connected());
  std::this_thread::sleep_for(150ms);  // the late answer has been sent by now
  const auto second = reader.read(3, 0, 1);
  REQUIRE(second);
  CHECK(second->front() == 1001);
  CHECK(server.connections == 2);
}

TEST_CASE("another transaction's answer and a wrong length are refused, and reading goes on") {
  ScriptedServer server([](int fd, int request, const Bytes& frame) {
    Bytes out = one_register(frame, 5, request == 0 ? 1 : 0);
    if (request == 1) out[7] = 4;  // another function
    if (request == 2) out.insert(out.begin() + 9, {0, 0}), out[8] = 4, out[5] = 7;  // two registers
    put(fd, out);
  });
  ModbusMeterReader reader(server.address, 1, milliseconds(200));
  for (int i = 0; i < 3; ++i) {
    CAPTURE(i);
    const auto wrong = reader.read(3, 0, 1);
    REQUIRE(!wrong);
    CHECK(wrong.error().kind == ModbusError::Kind::bad_answer);
    CHECK(!reader.connected());
  }
  CHECK(reader.read(3, 0, 1));
}

TEST_CASE("a connection dropped in the middle, and an answer that drips, end in time") {
  ScriptedServer server([](int fd, int request, const Bytes& frame) {
    const Bytes whole = one_register(frame, 9);
    if (request == 0) shutdown(fd, SHUT_RDWR);
    if (request == 1) put(fd, {whole.begin(), whole.begin() + 8}), shutdown(fd, SHUT_RDWR);
    for (std::size_t i = 0; request == 2 && i < 8; ++i) {
      put(fd, {whole[i]});
      std::this_thread::sleep_for(40ms);
    }
    if (request > 2) put(fd, whole);
  });
  ModbusMeterReader reader(server.address, 1, milliseconds(100));
  for (int i = 0; i < 3; ++i) {
    CAPTURE(i);
    const auto began = std::chrono::steady_clock::now();
    CHECK(!reader.read(3, 0, 1));
    CHECK(std::chrono::steady_clock::now() - began < 250ms);
  }
  std::this_thread::sleep_for(300ms);
  const auto after = reader.read(3, 0, 1);
  REQUIRE_MESSAGE(after.has_value(), (after ? "" : after.error().message));
  CHECK(after->front() == 9);
}

TEST_CASE("frames that arrive in pieces or together are answered; what is no Modbus is dropped") {
  ServedImage device(map_of(mapped("power", "W", 3, 0, "u16")));
  device.image.show("power", 0x0102);
  const Address address = device.start();
  const Bytes request{0, 9, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1};
  const Bytes answer{0, 9, 0, 0, 0, 5, 1, 3, 2, 1, 2};

  const int slow = connected(address);
  put(slow, {request.begin(), request.begin() + 5});
  const int quick = connected(address);  // not held up by the slow one
  Bytes twice = request;
  ledger::append(twice, request);
  put(quick, twice);
  Bytes both = take(quick);
  if (both.size() < 22) ledger::append(both, take(quick));
  CHECK(both.size() == 22);
  put(slow, {request.begin() + 5, request.end()});
  CHECK(take(slow) == answer);

  const Bytes no_modbus[] = {{0, 9, 0, 1, 0, 6, 1, 3, 0, 0, 0, 1},  // another protocol
                             {0, 9, 0, 0, 0, 1, 1, 3, 0, 0, 0, 1},  // no function
                             {0, 9, 0, 0, 1, 0, 1, 3, 0, 0, 0, 1},  // 256 bytes
                             {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}};
  for (const Bytes& each : no_modbus) {
    const int fd = connected(address);
    put(fd, each);
    CHECK(closed_by_server(fd));
    close(fd);
  }
  put(quick, request);
  CHECK(take(quick) == answer);
  close(slow);
  close(quick);
}

TEST_CASE("more clients than places: the one idle longest goes, garbage does not kill the server") {
  ServedImage device(map_of(mapped("power", "W", 3, 0, "u16")));
  const Address address = device.start();
  std::vector<int> idle;
  for (int i = 0; i < 40; ++i) idle.push_back(connected(address));
  ModbusMeterReader reader(address, 1, milliseconds(2000));
  CHECK(reader.read(3, 0, 1));
  CHECK(closed_by_server(idle.front()));
  for (const int fd : idle) close(fd);

  ledger::Rng rng(7);
  for (int i = 0; i < 300; ++i) {
    const int fd = connected(address);
    Bytes garbage(1 + rng.below(600));
    for (auto& byte : garbage) byte = static_cast<std::uint8_t>(rng.next());
    if (rng.chance(0.5) && garbage.size() > 6) {  // a header that holds
      garbage[2] = garbage[3] = garbage[4] = 0;
      garbage[5] = static_cast<std::uint8_t>(2 + rng.below(252));
    }
    put(fd, garbage);
    if (rng.chance(0.3)) shutdown(fd, SHUT_WR);
    close(fd);
  }
  (void)reader.read(3, 0, 1);               // its place may have been taken in the crowd ...
  const auto again = reader.read(3, 0, 1);  // ... but then it has a new one
  CHECK_MESSAGE(again.has_value(), (again ? "" : again.error().message));
}

TEST_CASE("an address in use or that is not ours cannot be listened on") {
  ServedImage device(map_of(mapped("power", "W", 3, 0, "u16")));
  const Address taken = device.start();
  CHECK(ModbusMeterServer::listen(taken, 1, device).error().find("in use") != std::string::npos);
  CHECK(!ModbusMeterServer::listen({"192.0.2.1", 0}, 1, device));
  CHECK(!ModbusMeterServer::listen({"no such host", 0}, 1, device));
}

TEST_CASE("addresses") {
  CHECK(parse_address("127.0.0.1:502")->port == 502);
  CHECK(parse_address("[::1]:1502")->host == "::1");
  CHECK(to_text(*parse_address("[::1]:1502")) == "[::1]:1502");
  CHECK(parse_address("h:0", true)->port == 0);
  for (const char* wrong :
       {"", "host", ":502", "host:", "host:x", "host:65536", "host:-1", "host:0", "host: 1",
        "host:1 ", "::1:502", "[]:502", "/dev/ttyUSB0", "a/b:1"}) {
    CAPTURE(wrong);
    CHECK(!parse_address(wrong));
  }
}

TEST_CASE("mbpoll reads our meter and is told what is wrong") {
  if (std::system("command -v mbpoll >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: mbpoll is not installed");
    return;
  }
  ServedImage device(test::device("eastron_sdm630"));
  device.image.show("voltage_l1", 231.25);
  device.image.show("power", -1500.5);
  const Address address = device.start(3);
  const auto output_of = [&](const std::string& options) {
    const std::string command = "mbpoll -m tcp -p " + std::to_string(address.port) +
                                " -0 -1 -o 2 -B " + options + " 127.0.0.1 2>&1";
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe);
    for (int c; (c = std::fgetc(pipe)) != EOF;) out.push_back(static_cast<char>(c));
    pclose(pipe);
    return out;
  };
  const std::string voltage = output_of("-a 3 -t 3:float -r 0 -c 1");
  CAPTURE(voltage);
  CHECK(voltage.find("231.25") != std::string::npos);
  CHECK(output_of("-a 3 -t 3:float -r 52 -c 1").find("-1500.5") != std::string::npos);
  CHECK(output_of("-a 3 -t 3:float -r 200 -c 1").find("Illegal data address") != std::string::npos);
  CHECK(output_of("-a 3 -t 4:float -r 0 -c 1").find("Illegal data address") != std::string::npos);
  CHECK(output_of("-a 3 -t 1 -r 0 -c 1").find("Illegal function") != std::string::npos);
  CHECK(output_of("-a 4 -t 3:float -r 0 -c 1").find("failed") != std::string::npos);
}
