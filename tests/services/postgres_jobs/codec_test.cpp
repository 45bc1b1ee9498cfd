#include "services/postgres_jobs/codec.hpp"

#include <gtest/gtest.h>

namespace tutti::services::postgres_jobs {
namespace {

TEST(PostgresJobsCodec, GivenIdWhenWrittenAndReadWithHyphensThenTheSame) {
  runtime::jobs::job_id id{0x0123456789abcdefu, 0xfedcba9876543210u};
  EXPECT_EQ(uuid_text(id), "0123456789abcdeffedcba9876543210");
  EXPECT_EQ(read_id("01234567-89ab-cdef-fedc-ba9876543210"), id);
  for (auto* wrong :
       {"", "0123", "01234567-89ab-cdef-fedc-ba987654321g", "0123456789abcdeffedcba98765432100"})
    EXPECT_FALSE(read_id(wrong)) << wrong;
}

TEST(PostgresJobsCodec, GivenTextsWhenCleanedThenOnlyWhatTheServerRefusesChanges) {
  for (auto* good : {"", "plain", "gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC", "\xF0\x9F\x8E\xB5", "\xED\x9F\xBF"})
    EXPECT_EQ(clean(good), good);
  EXPECT_EQ(clean(std::string_view{"a\0b", 3}), "a\xEF\xBF\xBD"
                                                "00b");
  EXPECT_EQ(clean("\xff"), "\xEF\xBF\xBD"
                           "ff");
  for (auto* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
    EXPECT_NE(clean(bad), bad);
    EXPECT_EQ(clean(clean(bad)), clean(bad)) << "what comes out is valid";
  }
}

} // namespace
} // namespace tutti::services::postgres_jobs
