#include "session/options.h"

#include <boost/test/unit_test.hpp>

namespace tpb {
namespace {

const std::string kToken =
    "token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJ0ZW5hbnRfaWQiOiJhY21lIiwidGllciI6InBybyJ9.c2ln";
const std::string kBase = "endpoint=wss://gateway;" + kToken;

Options Parsed(const std::string& config) {
  Options options;
  BOOST_TEST(ParseOptions(config, options).text == "");
  return options;
}

std::string ErrorOf(const std::string& config) {
  Options options;
  const Error error = ParseOptions(config, options);
  BOOST_TEST((error.code == Code::kBadConfig), config);
  return error.text;
}

bool Mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(defaults) {
  const Options options = Parsed(kBase);
  BOOST_TEST(options.user_id == "ann");
  BOOST_TEST(options.tenant_id == "acme");
  BOOST_TEST(options.batch_ticks == 5);
  BOOST_TEST(options.flush.count() == 100);
  BOOST_TEST(options.stamp_ticks);
  BOOST_TEST(options.outbox_bytes == 67108864u);
  BOOST_TEST(!options.allow_plaintext);
  BOOST_TEST((options.journal_choice == JournalChoice::kNone));
  BOOST_TEST(options.journal_sync.count() == 50);
  BOOST_TEST(options.journal_segment_bytes == 8388608u);
  BOOST_TEST(options.outbox_max_age.count() == 604800);
  BOOST_TEST((options.outbox_full == WhenFull::kRefuse));
  BOOST_TEST(!options.backup_endpoint.has_value());
  BOOST_TEST(options.return_after.count() == 30000);
  BOOST_TEST((options.quality.policy == quality::Policy::kFlag));
  BOOST_TEST(options.quality.spread.standard == 500);
  BOOST_TEST(options.quality.jump.standard == 1000);
  BOOST_TEST(options.quality.max_future_ms == 54000000);
  BOOST_TEST(options.quality.max_backward_ms == 1000);
  BOOST_TEST(options.event_log == "");
  BOOST_TEST(options.stream_ticks);
  BOOST_TEST(options.market_endpoint.url() == "wss://gateway:443/ws/market-data");
  BOOST_TEST(options.market_inbox == 4096u);
  BOOST_TEST((options.market_cache_choice == CacheChoice::kAutomatic));
  BOOST_TEST(options.market_history == 64u);
  BOOST_TEST(!options.indicators);
}

BOOST_AUTO_TEST_CASE(market_data) {
  const Options options = Parsed(kBase +
                                 ";stream_ticks=no;market_endpoint=wss://prices;market_inbox=65536;"
                                 "market_cache=/a b/c.cache;market_history=4096;indicators=yes");
  BOOST_TEST(!options.stream_ticks);
  BOOST_TEST(options.market_endpoint.url() == "wss://prices:443/ws/market-data");
  BOOST_TEST(options.market_inbox == 65536u);
  BOOST_TEST((options.market_cache_choice == CacheChoice::kFile));
  BOOST_TEST(options.market_cache == "/a b/c.cache");
  BOOST_TEST(options.market_history == 4096u);
  BOOST_TEST(options.indicators);
  BOOST_TEST((Parsed(kBase + ";market_cache=none").market_cache_choice == CacheChoice::kNone));
  BOOST_TEST((Parsed(kBase + ";market_cache=auto").market_cache_choice == CacheChoice::kAutomatic));
  for (const char* bad : {"stream_ticks=maybe", "indicators=1", "market_inbox=0",
                          "market_inbox=65537", "market_history=4097",
                          "market_cache=", "market_endpoint=http://prices", "market_endpoint="}) {
    BOOST_TEST(ErrorOf(kBase + ";" + bad) != "", bad);
  }
  BOOST_TEST(Mentions(ErrorOf(kBase + ";market_endpoint=ws://prices"), "allow_plaintext"));
}

BOOST_AUTO_TEST_CASE(every_key) {
  const Options options =
      Parsed(" endpoint = ws://gateway:1/x ;" + kToken +
             ";user_id=ann;tenant_id=acme;ca_file=/a b/c.pem;allow_plaintext=yes;batch_ticks=4096;"
             "flush_ms=1;stamp=batch;outbox_bytes=65536;connect_timeout_ms=100;heartbeat_ms=60000;"
             "backoff_min_ms=999;backoff_max_ms=5000;;journal=none;journal_sync_ms=60000;"
             "journal_segment_bytes=1073741824;outbox_max_age_s=0;outbox_full=drop_oldest;"
             "backup_endpoint=ws://backup:2/y;return_after_ms=3600000;quality=refuse;"
             "max_spread_bp=0;max_jump_bp=0.5;max_future_ms=0;max_backward_ms=604800000;"
             "event_log=/var/log/events.jsonl");
  BOOST_TEST(options.ca_file == "/a b/c.pem");
  BOOST_TEST(options.allow_plaintext);
  BOOST_TEST(options.batch_ticks == 4096);
  BOOST_TEST(options.flush.count() == 1);
  BOOST_TEST(!options.stamp_ticks);
  BOOST_TEST(options.outbox_bytes == 65536u);
  BOOST_TEST(options.connect_timeout.count() == 100);
  BOOST_TEST(options.heartbeat.count() == 60000);
  BOOST_TEST(options.backoff_min.count() == 999);
  BOOST_TEST(options.backoff_max.count() == 5000);
  BOOST_TEST(options.journal_sync.count() == 60000);
  BOOST_TEST(options.journal_segment_bytes == 1073741824u);
  BOOST_TEST(options.outbox_max_age.count() == 0);
  BOOST_TEST((options.outbox_full == WhenFull::kDropOldest));
  BOOST_REQUIRE(options.backup_endpoint.has_value());
  BOOST_TEST(options.backup_endpoint->url() == "ws://backup:2/y");
  BOOST_TEST(options.return_after.count() == 3600000);
  BOOST_TEST((options.quality.policy == quality::Policy::kRefuse));
  BOOST_TEST(options.quality.spread.standard == 0);
  BOOST_TEST(options.quality.jump.standard == 0.5);
  BOOST_TEST(options.quality.max_future_ms == 0);
  BOOST_TEST(options.quality.max_backward_ms == 604800000);
  BOOST_TEST(options.event_log == "/var/log/events.jsonl");
}

BOOST_AUTO_TEST_CASE(where_the_journal_stands) {
  BOOST_TEST((Parsed(kBase + ";journal=auto").journal_choice == JournalChoice::kAutomatic));
  const Options folder = Parsed(kBase + ";journal=/var/my journal");
  BOOST_TEST((folder.journal_choice == JournalChoice::kFolder));
  BOOST_TEST(folder.journal == "/var/my journal");
}

BOOST_AUTO_TEST_CASE(the_outbox_holds_more_with_a_journal) {
  BOOST_TEST(Parsed(kBase + ";journal=auto").outbox_bytes == 4294967296u);
  BOOST_TEST(Parsed(kBase + ";journal=auto;outbox_bytes=33554432").outbox_bytes == 33554432u);
  Parsed(kBase + ";journal=auto;outbox_bytes=262144;journal_segment_bytes=65536");
  Parsed(kBase + ";journal=auto;journal_segment_bytes=1073741824");
  BOOST_TEST(Mentions(ErrorOf(kBase + ";journal=auto;outbox_bytes=33554431"), "outbox_bytes"));
  Parsed(kBase + ";outbox_bytes=65536");
}

BOOST_AUTO_TEST_CASE(limits_by_symbol) {
  const quality::BasisPoints limits =
      Parsed(kBase + ";max_spread_bp=500,XAUUSD:100, BTC:USD:0 ,#A.B:0.25").quality.spread;
  BOOST_TEST(limits.For("EURUSD") == 500);
  BOOST_TEST(limits.For("XAUUSD") == 100);
  BOOST_TEST(limits.For("BTC:USD") == 0);
  BOOST_TEST(limits.For("#A.B") == 0.25);
  BOOST_TEST(limits.For("XAUUSDx") == 500);
  for (const char* value : {"", "x", "-1", "nan", "inf", "1e3", "1000001", "5 5", "500,", ",500",
                            "500,XAUUSD", "500,XAUUSD:", "500,:5", "500,A:1,A:2", "A:5"}) {
    BOOST_TEST(Mentions(ErrorOf(kBase + ";max_jump_bp=" + value), "XAUUSD:100"), value);
  }
}

BOOST_AUTO_TEST_CASE(unknown_key_names_the_nearest) {
  BOOST_TEST(Mentions(ErrorOf(kBase + ";batch_tick=5"), "'batch_ticks'"));
  BOOST_TEST(Mentions(ErrorOf(kBase + ";cafile=x"), "'ca_file'"));
  BOOST_TEST(!Mentions(ErrorOf(kBase + ";" + std::string(5000, 'q') + "=1"), std::string(25, 'q')));
}

BOOST_AUTO_TEST_CASE(ranges) {
  for (const char* setting : {"batch_ticks=0",
                              "batch_ticks=4097",
                              "batch_ticks=5x",
                              "batch_ticks=",
                              "batch_ticks=-1",
                              "batch_ticks=99999999999999999999",
                              "flush_ms=0",
                              "outbox_bytes=65535",
                              "heartbeat_ms=99",
                              "backoff_min_ms=1000",
                              "backoff_max_ms=5001",
                              "allow_plaintext=true",
                              "stamp=none",
                              "user_id=a b",
                              "tenant_id=",
                              "journal=",
                              "journal_sync_ms=0",
                              "journal_segment_bytes=65535",
                              "journal_segment_bytes=1073741825",
                              "outbox_max_age_s=-1",
                              "outbox_max_age_s=31536001",
                              "outbox_full=drop",
                              "return_after_ms=99",
                              "quality=on",
                              "max_future_ms=604800001",
                              "max_backward_ms=-1",
                              "event_log=",
                              "backoff_min_ms=500;backoff_max_ms=400"}) {
    ErrorOf(kBase + ";" + setting);
  }
}

BOOST_AUTO_TEST_CASE(missing_and_double) {
  BOOST_TEST(Mentions(ErrorOf(kToken), "endpoint"));
  BOOST_TEST(Mentions(ErrorOf("endpoint=wss://a"), "token"));
  BOOST_TEST(Mentions(ErrorOf(kBase + ";token_file=/x"), "cannot be read"));
  BOOST_TEST(Mentions(ErrorOf(kBase + ";flush_ms=5;flush_ms=6"), "twice"));
  BOOST_TEST(Mentions(ErrorOf(kBase + ";nonsense"), "key=value"));
  BOOST_TEST(Mentions(ErrorOf(""), "endpoint"));
}

BOOST_AUTO_TEST_CASE(a_token_never_travels_readable_unless_asked_for) {
  BOOST_TEST(Mentions(ErrorOf("endpoint=ws://gateway;" + kToken), "allow_plaintext=yes"));
  Parsed("endpoint=ws://127.0.0.1:8000;" + kToken);
  Parsed("endpoint=ws://gateway;allow_plaintext=yes;" + kToken);
  BOOST_TEST(Mentions(ErrorOf(kBase + ";backup_endpoint=ws://backup"), "allow_plaintext=yes"));
  Parsed(kBase + ";backup_endpoint=ws://backup;allow_plaintext=yes");
}

BOOST_AUTO_TEST_CASE(a_backup_is_another_endpoint) {
  BOOST_TEST(Mentions(ErrorOf(kBase + ";backup_endpoint=http://x"), "wss://host"));
  BOOST_TEST(Mentions(ErrorOf(kBase + ";backup_endpoint=wss://gateway:443"), "same"));
}

BOOST_AUTO_TEST_CASE(a_choice_names_its_words) {
  BOOST_TEST(Mentions(ErrorOf(kBase + ";quality=on"), "off, flag or refuse"));
  BOOST_TEST(Mentions(ErrorOf(kBase + ";outbox_full=x"), "refuse or drop_oldest"));
}

BOOST_AUTO_TEST_CASE(names_must_be_the_tokens_or_given) {
  BOOST_TEST(Mentions(ErrorOf(kBase + ";tenant_id=other"), "tenant_id"));
  BOOST_TEST(Mentions(ErrorOf(kBase + ";user_id=other"), "sub"));
  BOOST_TEST(Mentions(ErrorOf("endpoint=wss://a;token=opaque"), "user_id="));
  BOOST_TEST(Mentions(ErrorOf("endpoint=wss://a;token=opaque;user_id=u"), "tenant_id="));
  const Options options = Parsed("endpoint=wss://a;token=opaque;user_id=u;tenant_id=t");
  BOOST_TEST(options.user_id == "u");
}

BOOST_AUTO_TEST_CASE(no_error_shows_the_token) {
  for (const char* more : {";flush_ms=0", ";x=1", ";tenant_id=q", ";endpoint=wss://b"}) {
    BOOST_TEST(!Mentions(ErrorOf(kBase + more), "eyJ"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
