// Every pattern ends in every way: as `tests/guests/matrix` does.

import { Status, context, log, sleep } from 'ostler-guest';

export const matrix = {
  double(number) {
    lookAt(number);
    return number * 2;
  },

  count(items, last, out) {
    for (let item = 1; item <= items; item += 1) {
      out.send(item);
    }
    lookAt(last);
  },

  sum(numbers) {
    let sum = 0;
    for (const number of numbers) {
      lookAt(number);
      sum += number;
    }
    return sum;
  },

  doubles(numbers, out) {
    for (const number of numbers) {
      lookAt(number);
      out.send(number * 2);
    }
    context.setTrailer('x-ended', 'in order');
  },
};

function lookAt(number) {
  if (number === 0) {
    context.setTrailer('x-ended', 'early');
    throw Status.failedPrecondition('0 is not allowed: ☺ 100 %');
  }
  if (number === 1000) {
    log.info('waiting');
    while (!context.cancelled()) {
      sleep(5);
    }
    log.info('cancelled');
    throw Status.cancelled('it was cancelled');
  }
}
