#pragma once
#include <cstdint>

/// Permission bits used here (Discord's documentation, "Permissions").
namespace tutti::services::sim::discord::permission {

inline constexpr std::uint64_t administrator = 1ull << 3;
inline constexpr std::uint64_t manage_guild = 1ull << 5;
inline constexpr std::uint64_t view_channel = 1ull << 10;
inline constexpr std::uint64_t send_messages = 1ull << 11;
inline constexpr std::uint64_t embed_links = 1ull << 14;
inline constexpr std::uint64_t attach_files = 1ull << 15;
inline constexpr std::uint64_t read_history = 1ull << 16;
inline constexpr std::uint64_t connect = 1ull << 20;
inline constexpr std::uint64_t speak = 1ull << 21;
inline constexpr std::uint64_t use_voice_activity = 1ull << 25;
inline constexpr std::uint64_t use_commands = 1ull << 31;
inline constexpr std::uint64_t request_to_speak = 1ull << 32;
inline constexpr std::uint64_t everything = (1ull << 53) - 1;
inline constexpr std::uint64_t everyone = view_channel | send_messages | embed_links | attach_files
                                          | read_history | connect | speak | use_voice_activity | use_commands
                                          | request_to_speak;

} // namespace tutti::services::sim::discord::permission
