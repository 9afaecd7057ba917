#pragma once
// A home that follows exact plans against prices (ev_schedule.hpp, battery_schedule.hpp) instead of
// the rules of plan_by_price. It plans anew from what is there, the car each minute and what stored
// energy is worth each slot, so that a forecast that fails is put right by the next one.
//
//   outlook     what the home draws without car and battery in the slots to come, as it expects by
//               now; of the running slot the rest is as the last minute
//   car         of the least cost by plan_charging; of equal slots whole hours by the home's lot,
//               and a slot that it has planned a step cheaper, as in plan_by_price. What the plan
//               wants of the running slot it takes at the power that brings it by the slot's end,
//               and no less than its least. Where peaks cost, its power is what suffices in all the
//               time that it has
//   battery     plan_battery's costs behind the running slot, car and all, say what a stored Wh is
//               worth by its end. Of the powers that lead to a charge level, that leave the meter
//               at 0, and the extremes, it takes the one of the least cost: the rest of the slot at
//               its price, and what comes behind. Of equals the smallest
//   heat pump   as in plan_by_price
// The plans are exact for meters that count a slot's balance. A meter that counts both ways sees
// more where a car's least power is above the surplus it takes.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ai/battery_schedule.hpp"
#include "ai/home_manager.hpp"
#include "ai/home_outlook.hpp"

namespace ai {

enum class Schedule : std::uint8_t { rule, optimal };
// Their names in a scenario, in the enum's order.
const std::vector<std::string>& names_of_schedules();

class HomeSchedule {
 public:
  // `rest_wh`: by slot from the running one on, import positive; its first entry is passed over.
  // `elapsed_h`: of the running slot. Prices are known of one slot at least, else this is
  // plan_by_price; so it is where a kWh of export earns more than an import costs.
  HomePlan plan(const HomeDevices& devices, const HomeNow& now, const HomePrices& prices,
                std::span<const std::int64_t> rest_wh, double elapsed_h);

 private:
  void value_charges(const HomeDevices& devices, const HomePrices& prices,
                     std::span<const PricedSlot> slots);
  double cost_behind_eur(double stored_wh) const;
  double battery_w(const HomeDevices& devices, const HomeNow& now, const HomePrices& prices,
                   double net_w, double left_h) const;

  std::optional<std::uint32_t> valued_;  // in which slot
  double level_wh_ = 1;
  std::vector<std::int64_t> cost_behind_;  // nano-EUR, by level
};

// What these plans come to, by prices and what the home expects by now; one of plan_by_price where
// there is no such plan.
HomeOutlook outlook_of_schedule(const HomeDevices& devices, const HomeNow& now,
                                const HomePrices& prices, std::span<const std::int64_t> rest_wh,
                                double elapsed_h);

}  // namespace ai
