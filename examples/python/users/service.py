"""All four patterns, errors with details, and the call's context.

Users are computed, not stored: an instance's memory is its own, so a service
that kept them there would show each caller something else.
"""

from contract.users import ChatMessage, ChatReply, DataPoint, Summary, User
from ostler_guest import Sink, Status, Stream, context, log
from ostler_guest.details import bad_request, resource_info

#: Users that can be looked up have the ids from 1 to this.
LAST_USER = 403


class Users:
    def get_user(self, user_id: int) -> User:
        if user_id == 0:
            raise Status.invalid_argument("user ids count from 1").with_detail(
                bad_request({"user_id": "must be at least 1"})
            )
        if user_id > LAST_USER:
            raise Status.not_found(f"no user {user_id}").with_detail(
                resource_info("user", str(user_id))
            )
        return user(user_id)

    def list_users(self, limit: int, out: Sink[User]) -> None:
        # Each batch is made when the one before it is gone, so a limit of
        # billions needs no more memory than one of ten.
        out.send_all(user(user_id) for user_id in range(1, limit + 1))
        context.set_trailer("x-users-sent", str(limit))

    def aggregate(self, points: Stream[DataPoint]) -> Summary:
        count, total = 0, 0.0
        for point in points:
            total += point.value
            count += 1
        average = total / count if count else 0.0
        return Summary(count=count, average=average, total=total)

    def conversation(self, messages: Stream[ChatMessage], out: Sink[ChatReply]) -> None:
        host = context.get("x-user")
        if host is None:
            host = "ostler"
        context.set_header("x-conversation-with", host)
        replies = 0
        for message in messages:
            out.send(reply(message, host))
            replies += 1
        log.info(f"conversation with {host} is over", replies=replies)
        context.set_trailer("x-replies", str(replies))


def user(user_id: int) -> User:
    # Ages are 18 to 81.
    return User(username=f"user-{user_id}", age=18 + user_id % 64)


def reply(message: ChatMessage, source: str) -> ChatReply:
    return ChatReply(reply=f"{message.user}, you said: {message.text}", source=source)
