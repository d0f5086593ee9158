#include "transport/frame_writer.h"

#include <openssl/rand.h>

#include <bit>
#include <cstring>
#include <stdexcept>

namespace tpb::transport {
namespace {

constexpr unsigned char kFinalBinary = 0x82;
constexpr unsigned char kMasked = 0x80;
constexpr std::size_t kMaxHeader = 14;

// Bytes of the header of a frame with a payload of `size` bytes; the mask follows it.
std::size_t WriteHeader(std::size_t size, unsigned char* header) {
  header[0] = kFinalBinary;
  std::size_t length_bytes = 0;
  if (size < 126) {
    header[1] = static_cast<unsigned char>(kMasked | size);
  } else {
    length_bytes = size <= 0xFFFF ? 2 : 8;
    header[1] = kMasked | (length_bytes == 2 ? 126 : 127);
  }
  for (std::size_t i = 0; i < length_bytes; ++i) {
    header[2 + i] = static_cast<unsigned char>(std::uint64_t{size} >> (8 * (length_bytes - 1 - i)));
  }
  return 2 + length_bytes;
}

// Eight bytes at a time, which the compiler does not find by itself.
void MaskInto(std::byte* to, std::span<const std::byte> payload, std::array<std::byte, 4> mask) {
  std::array<std::byte, 8> twice{};
  std::memcpy(twice.data(), mask.data(), mask.size());
  std::memcpy(twice.data() + mask.size(), mask.data(), mask.size());
  const auto wide_mask = std::bit_cast<std::uint64_t>(twice);
  std::size_t i = 0;
  for (; i + sizeof wide_mask <= payload.size(); i += sizeof wide_mask) {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, payload.data() + i, sizeof chunk);
    chunk ^= wide_mask;
    std::memcpy(to + i, &chunk, sizeof chunk);
  }
  for (; i < payload.size(); ++i) to[i] = payload[i] ^ mask[i % mask.size()];
}

}  // namespace

void FrameWriter::Append(std::span<const std::byte> payload, std::vector<std::byte>& out) {
  const Mask mask = NextMask();
  std::array<unsigned char, kMaxHeader> header{};
  const std::size_t header_bytes = WriteHeader(payload.size(), header.data());
  const std::size_t begin = out.size();
  out.resize(begin + header_bytes + mask.size() + payload.size());

  std::byte* to = out.data() + begin;
  std::memcpy(to, header.data(), header_bytes);
  std::memcpy(to + header_bytes, mask.data(), mask.size());
  to += header_bytes + mask.size();
  MaskInto(to, payload, mask);
}

FrameWriter::Mask FrameWriter::NextMask() {
  if (next_mask_ == masks_.size()) {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(masks_.data()), sizeof masks_) != 1) {
      throw std::runtime_error("this computer gives no random numbers");
    }
    next_mask_ = 0;
  }
  return masks_[next_mask_++];
}

}  // namespace tpb::transport
