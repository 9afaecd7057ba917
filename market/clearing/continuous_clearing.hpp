#pragma once
// The continuous double auction with price-time priority: orders act one by one, in the order in
// which they are given.
//
// An order that comes in meets the best resting order of the other side (for a buyer the lowest
//   seller's limit, for a seller the highest buyer's; among equal limits the one that came first),
//   as long as their limits cross; each deal is for the smaller of what both have left, at the
//   resting order's limit. What is left of it then rests until the end. Nothing is rounded, nothing
//   is tied.
// Deals stand in the order in which they were made. There is no one price.
// The result depends on the order of arrival.
//
// The book is flat: one queue for each limit that occurs, and above the queues a tree of bits that
// says which hold an order.

#include "market/clearing/clearing.hpp"

namespace market {

Clearing continuous_clearing(std::span<const Order> orders);  // volume, fills and trades

}  // namespace market
