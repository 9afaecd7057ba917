#pragma once
// What power-grid-model's JSON may say (its "Components" documentation, schema version 1.0): the
// components, their attributes in a fixed order, and what values these take. SI units, line-to-line
// node voltages, three-phase powers, angles in radians.

#include <cstdint>
#include <span>
#include <string_view>

namespace twin::pgm {

enum class Type : std::uint8_t {
  id,      // int32
  flag,    // 0 or 1
  small,   // int8
  real,    // a finite number
  limit,   // a number above zero, or "inf": none
  triple,  // three finite numbers, one a phase
  note,    // whatever the writer wanted to remember
};
enum class Domain : std::uint8_t { any, positive, not_negative };

struct Attribute {
  std::string_view name;
  Type type;
  bool required = false;
  Domain domain = Domain::any;
};

// Attributes are referred to by their place in the component's list.
struct Component {
  std::string_view name;
  std::span<const Attribute> attributes;
};

namespace base {
enum : std::uint8_t { id, extra, id_reference, first };
}
namespace node {
enum : std::uint8_t { u_rated = base::first };
}
namespace branch {
enum : std::uint8_t { from_node = base::first, to_node, from_status, to_status, first };
}
namespace line {
enum : std::uint8_t { r1 = branch::first, x1, c1, tan1, r0, x0, c0, tan0, i_n };
}
namespace generic_branch {
enum : std::uint8_t { r1 = branch::first, x1, g1, b1, k, theta, sn };
}
namespace asym_line {  // matrices as aa ba bb ca cb cc na nb nc nn
enum : std::uint8_t {
  r = branch::first,
  x = r + 10,
  c = x + 10,  // aa ba bb ca cb cc
  c0 = c + 6,
  c1,
  i_n,
};
}
namespace transformer {
enum : std::uint8_t {
  u1 = branch::first,
  u2,
  sn,
  uk,
  pk,
  i0,
  p0,
  i0_zero_sequence,
  p0_zero_sequence,
  winding_from,
  winding_to,
  clock,
  tap_side,
  tap_pos,
  tap_min,
  tap_max,
  tap_nom,
  tap_size,
  uk_min,
  uk_max,
  pk_min,
  pk_max,
  r_grounding_from,
  x_grounding_from,
  r_grounding_to,
  x_grounding_to,
};
}
namespace three_winding {  // each of three: by side, or between sides 12, 13, 23
enum : std::uint8_t {
  node = base::first,
  status = node + 3,
  u = status + 3,
  sn = u + 3,
  uk = sn + 3,
  pk = uk + 3,
  i0 = pk + 3,
  p0,
  winding,
  clock_12 = winding + 3,
  clock_13,
  tap_side,
  tap_pos,
  tap_min,
  tap_max,
  tap_nom,
  tap_size,
  uk_min,
  uk_max = uk_min + 3,
  pk_min = uk_max + 3,
  pk_max = pk_min + 3,
  r_grounding = pk_max + 3,
  x_grounding = r_grounding + 3,
};
}
namespace appliance {
enum : std::uint8_t { node = base::first, status, first };
}
namespace source {
enum : std::uint8_t { u_ref = appliance::first, u_ref_angle, sk, rx_ratio, z01_ratio };
}
namespace load {
enum : std::uint8_t { type = appliance::first, p_specified, q_specified };
}
namespace shunt {
enum : std::uint8_t { g1 = appliance::first, b1, g0, b0 };
}
inline constexpr std::size_t most_attributes = 64;

// In the order in which they are read: nodes first.
std::span<const Component> components();

// Components that leave a power flow as it is: measurements, faults, and tap regulators (taps are
// taken as given).
std::span<const std::string_view> without_effect();

}  // namespace twin::pgm
