#include "services/redis/connection.hpp"

#include "runtime/error.hpp"

#include <utility>

namespace tutti::services::redis {
namespace {

constexpr std::size_t input_size = 64 * 1024;
/// Beyond it an output buffer is not kept for the next write.
constexpr std::size_t kept_output = 4 * 1024 * 1024;

} // namespace

connection::connection(boost::asio::io_context& context, std::shared_ptr<const connection_settings> settings,
                       std::shared_ptr<connection_owner> owner)
    : settings_(std::move(settings)), owner_(std::move(owner)), stream_(context),
      parser_(settings_->max_reply_bytes), input_(input_size) {}

void connection::open() {
  stream_.open(settings_->server, settings_->ca_file, [self = shared_from_this()](std::string wrong) {
    if (!self->owner_)
      return;
    if (wrong.empty())
      self->log_in();
    else
      self->fail(std::move(wrong));
  });
}

void connection::log_in() {
  auto commands = handshake(settings_->server, settings_->client_name);
  greeting_size_ = commands.size();
  output_ = commands.bytes();
  send();
  receive();
}

void connection::write(std::string& bytes) {
  output_.swap(bytes);
  send();
}

void connection::send() {
  stream_.write(boost::asio::buffer(output_),
                [self = shared_from_this()](const boost::system::error_code& wrong, std::size_t) {
                  auto owner = self->owner_;
                  if (!owner)
                    return;
                  if (wrong)
                    return self->fail("cannot be written to: " + wrong.message());
                  self->output_.clear();
                  if (self->output_.capacity() > kept_output)
                    self->output_ = {};
                  if (self->ready_)
                    owner->written();
                });
}

void connection::receive() {
  stream_.read_some(boost::asio::buffer(input_),
                    [self = shared_from_this()](const boost::system::error_code& wrong, std::size_t size) {
                      if (!self->owner_)
                        return;
                      if (wrong)
                        return self->fail("closed by the server: " + wrong.message());
                      self->parse(size);
                      if (self->owner_)
                        self->receive();
                    });
}

void connection::parse(std::size_t received) {
  auto owner = owner_; // may let go of us in any of these calls
  parser_.feed({input_.data(), received});
  reply answer;
  while (owner_ && parser_.next(answer)) {
    if (ready_) {
      owner->replied(std::move(answer));
      continue;
    }
    greeting_.push_back(std::move(answer));
    if (greeting_.size() == greeting_size_ || greeting_.back().is_error())
      logged_in();
  }
  if (!owner_)
    return;
  if (!parser_.error().empty())
    fail(parser_.error());
  else if (ready_)
    owner->pause();
}

void connection::logged_in() {
  greeting_.resize(greeting_size_); // after an error the others do not matter
  auto facts = judge_handshake(settings_->server, greeting_);
  greeting_ = {};
  if (!facts)
    return fail(runtime::words(facts.error()), is(facts.error(), runtime::ec::rejected));
  ready_ = true;
  owner_->opened(std::move(*facts));
}

void connection::fail(std::string reason, bool refused) {
  auto owner = owner_;
  close();
  owner->broken(std::move(reason), refused);
}

void connection::close() noexcept {
  stream_.close();
  owner_ = nullptr;
}

} // namespace tutti::services::redis
