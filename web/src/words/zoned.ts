/** Times of a city in `<input type="datetime-local">`, which knows no time zone. */

/** How far a time zone is ahead of UTC at a moment. [ms] */
function offset(at: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit',
  }).formatToParts(new Date(at));
  const part = (type: string): number => Number(parts.find((p) => p.type === type)?.value ?? 0);
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return local - Math.floor(at / 1000) * 1000;
}

/** A moment as the input shows it: local time of the zone, to the minute. */
export function toLocalInput(when: string | number, timezone: string): string {
  const at = typeof when === 'number' ? when : Date.parse(when);
  if (!Number.isFinite(at)) return '';
  return new Date(at + offset(at, timezone)).toISOString().slice(0, 16);
}

/** The moment (ISO, UTC) that a local time in the input means; null while it is incomplete. */
export function fromLocalInput(text: string, timezone: string): string | null {
  const local = Date.parse(`${text}Z`);
  if (text.length < 16 || !Number.isFinite(local)) return null;
  const first = local - offset(local, timezone);
  // The offset may differ on the other side of a change to summer time.
  const at = local - offset(first, timezone);
  return new Date(at).toISOString();
}
