#include "runtime/cluster/tls/certificates.hpp"
#include "runtime/cluster/tls/throwaway_ca.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace tutti::tests::cluster_tls {
namespace {

using namespace runtime::cluster;
using runtime::config::tls_settings;
namespace fs = std::filesystem;

struct Certificates : testing::Test {
  fs::path folder = make_folder();

  static fs::path make_folder() {
    auto name = (fs::temp_directory_path() / "tutti-tls-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      throw std::runtime_error("no temporary folder");
    return name;
  }
  ~Certificates() override { fs::remove_all(folder); }

  fs::path made(const char* name, std::chrono::seconds valid = std::chrono::hours{1}) {
    auto out = folder / name;
    fs::create_directory(out);
    make_throwaway_ca(out, {"a", "b"}, valid);
    return out;
  }
  static std::string wrong(const tls_settings& tls, const std::string& node = "a") {
    std::string out;
    for (auto& line : check_certificates(tls, node))
      out += line + "\n";
    return out;
  }
  static void write(const fs::path& path, const std::string& text) { std::ofstream{path} << text; }
};

TEST_F(Certificates, GivenThrowawayFilesWhenCheckedThenGoodAndKeysArePrivate) {
  auto one = made("one");
  EXPECT_EQ(wrong(throwaway_tls(one, "a")), "");
  EXPECT_EQ(wrong(throwaway_tls(one, "b"), "b"), "");
  EXPECT_EQ(fs::status(one / "a.key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::exists(one / "ca.key"));
  auto text = "openssl verify -CAfile " + (one / "ca.crt").string() + " " + (one / "a.crt").string();
  EXPECT_EQ(std::system((text + " >/dev/null 2>&1").c_str()), 0) << "another program agrees";
}

TEST_F(Certificates, GivenCertificateOfAnotherNodeWhenCheckedThenItSaysWhomItNames) {
  auto tls = throwaway_tls(made("one"), "b");
  EXPECT_EQ(wrong(tls), "cluster.tls.certificate: " + tls.certificate + " is not for node \"a\": it names b\n");
}

TEST_F(Certificates, GivenAlternativeNamesWhenCheckedThenEachCountsAndAStarIsEveryNode) {
  auto self_signed = [&](const std::string& names) {
    auto base = (folder / "own").string();
    auto make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -keyout " + base
                + ".key -out " + base + ".crt -subj /O=music -addext 'subjectAltName=" + names + "' 2>/dev/null";
    EXPECT_EQ(std::system(make.c_str()), 0);
    return tls_settings{runtime::config::tls_mode::on, base + ".crt", base + ".key", base + ".crt"};
  };
  auto both = self_signed("IP:10.0.0.1,DNS:a,URI:b");
  EXPECT_EQ(wrong(both), "");
  EXPECT_EQ(wrong(both, "b"), "");
  EXPECT_NE(wrong(both, "c").find("is not for node \"c\": it names a b\n"), std::string::npos);
  EXPECT_NE(wrong(both, "a b").find("is not for node"), std::string::npos);
  EXPECT_EQ(wrong(self_signed("DNS:*"), "c"), "");
  EXPECT_NE(wrong(self_signed("DNS:*.example.org")).find("is not for node"), std::string::npos);
  EXPECT_NE(wrong(self_signed("IP:10.0.0.1")).find("it names no node"), std::string::npos);
}

TEST_F(Certificates, GivenNamesWhenLookedUpThenOnlyWholeOnes) {
  EXPECT_TRUE(names_node("a\nb", "b"));
  EXPECT_FALSE(names_node("ab\nbc", "b"));
  EXPECT_FALSE(names_node("", "b"));
  EXPECT_FALSE(names_node("", ""));
}

TEST_F(Certificates, GivenMissingFilesWhenCheckedThenEachIsNamed) {
  auto out = wrong({runtime::config::tls_mode::on, "/no/a.crt", "/no/a.key", "/no/ca.crt"});
  EXPECT_EQ(out, "cluster.tls.certificate: /no/a.crt cannot be read: No such file or directory\n"
                 "cluster.tls.ca: /no/ca.crt cannot be read: No such file or directory\n"
                 "cluster.tls.key: /no/a.key cannot be read: No such file or directory\n");
  EXPECT_EQ(wrong({runtime::config::tls_mode::off, "", "", ""}), "");
}

TEST_F(Certificates, GivenKeyOfAnotherCertificateWhenCheckedThenMismatch) {
  auto one = made("one");
  auto tls = throwaway_tls(one, "a");
  tls.key = throwaway_tls(one, "b").key;
  EXPECT_EQ(wrong(tls), "cluster.tls.key: " + tls.key + " is not the key of " + tls.certificate + "\n");
}

TEST_F(Certificates, GivenOtherCaWhenCheckedThenNotTrusted) {
  auto tls = throwaway_tls(made("one"), "a");
  tls.ca = throwaway_tls(made("two"), "a").ca;
  EXPECT_NE(wrong(tls).find("is no good as a server's with " + tls.ca), std::string::npos) << wrong(tls);
}

TEST_F(Certificates, GivenTimesThatAreOverWhenCheckedThenExpired) {
  auto tls = throwaway_tls(made("old", -std::chrono::minutes{1}), "a");
  EXPECT_EQ(wrong(tls).find("cluster.tls.certificate: " + tls.certificate + " has expired: "), 0u)
      << wrong(tls);
}

TEST_F(Certificates, GivenFilesWithOtherContentWhenCheckedThenSaid) {
  auto tls = throwaway_tls(made("one"), "a");
  write(tls.certificate, "hello\n");
  write(tls.key, "");
  EXPECT_EQ(wrong(tls), "cluster.tls.certificate: " + tls.certificate + " holds no certificate (PEM)\n"
                            + "cluster.tls.key: " + tls.key
                            + " holds no private key (PEM) without a passphrase\n");
}

TEST_F(Certificates, GivenKeyWithPassphraseWhenCheckedThenRefusedWithoutAsking) {
  auto tls = throwaway_tls(made("one"), "a");
  auto locked = (folder / "locked.key").string();
  ASSERT_EQ(std::system(
                ("openssl ec -in " + tls.key + " -aes256 -passout pass:x -out " + locked + " >/dev/null 2>&1")
                    .c_str()),
            0);
  tls.key = locked;
  EXPECT_EQ(wrong(tls), "cluster.tls.key: " + locked + " holds no private key (PEM) without a passphrase\n");
}

TEST_F(Certificates, GivenFolderThatIsNotThereWhenMadeThenThrowsWithThePath) {
  try {
    make_throwaway_ca(folder / "missing", {"a"});
    FAIL() << "must throw";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string{e.what()}.find((folder / "missing" / "ca.crt").string()), std::string::npos)
        << e.what();
  }
}

} // namespace
} // namespace tutti::tests::cluster_tls
