#pragma once
// Bytes that never change, shared by their copies: a message that goes to many is there once.

#include <memory>

#include "ledger/base/bytes.hpp"

namespace ledger {

class SharedBytes {
 public:
  SharedBytes(Bytes bytes = {}) : bytes_(std::make_shared<const Bytes>(std::move(bytes))) {}

  operator BytesView() const { return *bytes_; }
  BytesView view() const { return *bytes_; }
  std::size_t size() const { return bytes_->size(); }
  bool empty() const { return bytes_->empty(); }
  std::uint8_t operator[](std::size_t i) const { return (*bytes_)[i]; }

 private:
  std::shared_ptr<const Bytes> bytes_;
};

}  // namespace ledger
