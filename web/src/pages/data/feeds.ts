/** How a feed does, in the order of trouble. */
import type { Feed } from '../../api/types';

export type FeedState = 'failing' | 'never' | 'paused' | 'working';
const ORDER: readonly FeedState[] = ['failing', 'never', 'paused', 'working'];

export function stateOf(feed: Feed): FeedState {
  if (feed.is_paused) return 'paused';
  if (feed.failures > 0) return 'failing';
  return feed.last_good === null ? 'never' : 'working';
}

export function rank(feed: Feed): number {
  return ORDER.indexOf(stateOf(feed));
}

/** When the failures in a row began, as far as the polls that are kept tell. */
export function failingSince(feed: Feed): string | null {
  const row = feed.polls.slice(0, feed.failures);
  return row.length ? (row[row.length - 1]?.at ?? null) : feed.last_failure;
}

/** Taken in by the polls that are kept. */
export function takenOf(feed: Feed): number {
  return feed.polls.reduce((sum, poll) => sum + poll.taken, 0);
}
