// What a killed process leaves, and a disk that is full.

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "platform/mapped_file.h"
#include "temporary_folder.h"
#include "tick_journal.h"

namespace tpb {
namespace {

constexpr const char* kFolderVariable = "TPB_TEST_JOURNAL";
constexpr const char* kToldVariable = "TPB_TEST_TOLD";
constexpr std::size_t kSegment = 8192;
constexpr std::int64_t kMostTicks = 20'000;  // of one life

// The newest tick that the process to be killed knows to be accepted: told through memory, so that
// it spends its time in the journal and is killed there.
class Told {
 public:
  explicit Told(const std::filesystem::path& path) {
    BOOST_REQUIRE(!file_.Open(path, sizeof(std::int64_t)));
  }
  std::atomic_ref<std::int64_t> tick() {
    return std::atomic_ref(*reinterpret_cast<std::int64_t*>(file_.data()));
  }

 private:
  MappedFile file_;
};

// Starts this program as the process to be killed: no fork alone, which a process of several
// threads must not go on from.
pid_t Start() {
  std::string program = boost::unit_test::framework::master_test_suite().argv[0];
  std::string choice = "--run_test=journal_crash/the_process_to_be_killed";
  char* const arguments[] = {program.data(), choice.data(), nullptr};
  const pid_t child = fork();
  if (child == 0) {
    execv(arguments[0], arguments);
    _exit(127);
  }
  return child;
}

void RunAndKill(Told& told, std::int64_t ticks_at_least) {
  const pid_t child = Start();
  BOOST_REQUIRE(child > 0);
  int status = 0;
  while (told.tick() < ticks_at_least && waitpid(child, &status, WNOHANG) == 0) {
    std::this_thread::yield();
  }
  kill(child, SIGKILL);
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_REQUIRE(WIFSIGNALED(status));
}

BOOST_AUTO_TEST_SUITE(journal_crash)

// No test by itself: what RunAndKill starts.
BOOST_AUTO_TEST_CASE(the_process_to_be_killed, *boost::unit_test::disabled()) {
  if (std::getenv(kToldVariable) == nullptr) return;
  Told told(std::getenv(kToldVariable));
  TickJournal stream(std::getenv(kFolderVariable), kSegment);
  BOOST_REQUIRE(stream.Open());
  for (int n = 1; n <= kMostTicks; ++n) {
    if (stream.Accept() != Room::kMade) return;
    told.tick() = stream.ticks();
    if (n % 3 == 0 && !stream.CloseBatch()) return;
  }
  for (;;) pause();
}

BOOST_AUTO_TEST_CASE(a_killed_process_loses_nothing_it_accepted) {
  std::minstd_rand random(11);
  const TemporaryFolder folder;
  const TemporaryFolder beside;
  const std::filesystem::path told_path = beside.path() / "told";
  setenv(kFolderVariable, folder.text().c_str(), 1);
  setenv(kToldVariable, told_path.c_str(), 1);
  Told told(told_path);
  TickJournal stream(folder.text(), kSegment);
  for (int life = 0; life < 40; ++life) {
    RunAndKill(told, stream.ticks() + 1 + random() % 400);
    // The lock died with the process.
    BOOST_REQUIRE_MESSAGE(stream.Open(), stream.error().text);
    BOOST_TEST(stream.intact());
    BOOST_TEST(stream.ticks() >= told.tick());
    BOOST_TEST(stream.ticks() <= told.tick() + 1);  // accepted, and killed before it could tell
    BOOST_TEST(!stream.journal().damage().found);
    if (life < 39) stream.Close();
  }
  std::string all;
  for (std::int64_t sequence = 1; sequence < stream.journal().next_sequence(); ++sequence) {
    const std::optional<std::string> text = stream.Text(sequence);
    BOOST_REQUIRE(text.has_value());
    all += text->substr(0, text->find('#'));
  }
  all += stream.open();
  std::string expected;
  for (std::int64_t tick = 1; tick <= stream.ticks(); ++tick)
    expected += std::to_string(tick) + ";";
  BOOST_TEST((all == expected));
}

// No file may grow beyond the limit while this lives: as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    before_signal_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, before_signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*before_signal_)(int) = nullptr;
};

template <class Condition>
bool Comes(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_and_takes_again_when_there_is_room) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 65536);
  BOOST_REQUIRE(stream.Open());
  std::int64_t refused_at = 0;
  {
    const FullDisk full(4096);
    while (stream.AcceptBatch(5, 100) == Room::kMade) BOOST_REQUIRE(stream.ticks() < 100'000);
    refused_at = stream.ticks();
    std::optional<Error> problem;
    BOOST_REQUIRE(Comes([&] { return (problem = stream.journal().TakeProblem()).has_value(); }));
    BOOST_CHECK(problem->code == Code::kDisk);
    BOOST_TEST(problem->text.find(folder.text()) != std::string::npos);
    BOOST_TEST(!stream.journal().TakeProblem().has_value());  // told once
    BOOST_CHECK(stream.Accept(100) == Room::kDisk);
    stream.journal().Release(1);  // what is there can still be read and released
    BOOST_TEST(stream.Text(2).has_value());
  }
  BOOST_TEST(Comes([&] { return stream.Accept(100) == Room::kMade; }));
  BOOST_TEST(stream.ticks() == refused_at + 1);
  stream.Close();
  BOOST_REQUIRE(stream.Open());
  BOOST_TEST(stream.intact());
  BOOST_TEST(stream.ticks() == refused_at + 1);
}

BOOST_AUTO_TEST_CASE(a_full_disk_at_opening_is_an_error_that_passes) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 65536);
  {
    const FullDisk full(8192);
    BOOST_TEST(!stream.Open());
    BOOST_CHECK(stream.error().code == Code::kDisk);
  }
  BOOST_TEST(stream.Open());
  BOOST_CHECK(stream.Accept() == Room::kMade);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
