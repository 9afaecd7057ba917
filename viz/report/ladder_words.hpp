#pragma once
// What a ladder's comparison says, in words. Each sentence follows from the figures; means that
// look alike in the decimals shown are called alike.

#include <string>
#include <vector>

#include "twin/ladder/ladder_comparison.hpp"

namespace viz {

// "a, b and c", with another last word where it is given.
std::string listed(const std::vector<std::string>& words, const std::string& last = "and");

// Of means over the seeds that all variants have: one decimal where a figure has none and some mean
// is not whole (so that halves are not rounded, to even, out of sight), as many as it has
// elsewhere.
int decimals_shown(const twin::LadderRuns& all, const std::string& figure, int decimals);

// "−112 [−147, −77]"; without an interval the mean alone.
std::string interval_text(const twin::Estimate& estimate, int decimals);

struct Finding {
  std::string subject, words;
};

// Least overload, what an avoided hour costs, who is not beaten, what and who is made worse, what
// is left at the end, and how sure all of it is.
std::vector<Finding> ladder_findings(const twin::LadderRuns& all);

// The differences to none of a figure: whose 95 % interval lacks zero below and above it, and whose
// does not.
struct Certainty {
  std::vector<std::string> less, more, open;
};
Certainty certainty_of(const twin::LadderRuns& all, const std::string& figure);

// One rung against the others: what it has least and most of, whom it beats and is beaten by all
// round, and what it trades with the rest.
std::vector<std::string> trade_off_sentences(const twin::LadderRuns& all, std::size_t variant);

// Variants (with "none") than which no other has less of both figures, or as little of one and less
// of the other.
std::vector<std::string> front_of(const twin::LadderRuns& all, const std::string& one,
                                  const std::string& other);

}  // namespace viz
