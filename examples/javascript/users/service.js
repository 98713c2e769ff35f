// All four patterns, errors with details, and the call's context.
//
// Users are computed, not stored: an instance's memory is its own, so a service
// that kept them there would show each caller something else.

import { Status, context, details, log } from 'ostler-guest';

/** Users that can be looked up have the ids from 1 to this. */
const LAST_USER = 403n;

export const users = {
  getUser(userId) {
    if (userId === 0n) {
      throw Status.invalidArgument('user ids count from 1').withDetail(
        details.badRequest({ user_id: 'must be at least 1' }),
      );
    }
    if (userId > LAST_USER) {
      throw Status.notFound(`no user ${userId}`).withDetail(
        details.resourceInfo({ resourceType: 'user', resourceName: `${userId}` }),
      );
    }
    return user(Number(userId));
  },

  listUsers(limit, out) {
    // Each batch is made when the one before it is gone, so a limit of billions
    // needs no more memory than one of ten.
    out.sendAll(firstUsers(limit));
    context.setTrailer('x-users-sent', `${limit}`);
  },

  aggregate(points) {
    let count = 0;
    let total = 0;
    for (const { value } of points) {
      total += value;
      count += 1;
    }
    const average = count === 0 ? 0 : total / count;
    return { count: BigInt(count), average, total };
  },

  conversation(messages, out) {
    const host = context.get('x-user') ?? 'ostler';
    context.setHeader('x-conversation-with', host);
    let replies = 0;
    for (const message of messages) {
      out.send(reply(message, host));
      replies += 1;
    }
    log.info(`conversation with ${host} is over`, { replies });
    context.setTrailer('x-replies', `${replies}`);
  },
};

function* firstUsers(limit) {
  for (let id = 1; id <= limit; id += 1) {
    yield user(id);
  }
}

function user(id) {
  // Ages are 18 to 81.
  return { username: `user-${id}`, age: 18 + (id % 64) };
}

function reply({ user, text }, source) {
  return { reply: `${user}, you said: ${text}`, source };
}
