#pragma once
// Virtual sub-meters: an account splits what its meter moved, and each line of its bill, among
// tenants by fixed weights (a contract of the template `sub-meters`,
// market/settlement/contract.hpp).
//
// Each energy and each amount of a statement is shared out by itself in proportion to the weights
// (market/clearing/proportional_shares.hpp); ties go by the tenants' order, which begins in each
// slot with another one (slot modulo their number), so that no tenant has all odd units. A tenant's
// total is its lines' sum. So every sum over tenants is the statement's, to the last unit. Of the
// capacity tariff the charge is shared out and the peak is not: it is the meter's, and stands in
// each part. Settlement knows the account alone: balances and tokens stay its own.

#include "market/settlement/contract.hpp"

namespace market {

struct TenantBill {
  Tenant tenant;
  Statement part;  // of the account's statement; without balance and deals
};

// `tenants`: of a contract, at least one.
std::vector<TenantBill> tenant_bills(const Statement& statement, std::span<const Tenant> tenants);

}  // namespace market
