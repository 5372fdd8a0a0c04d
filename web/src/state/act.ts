/** Commands that change something: whoever was quicker, the screen shows the present state afterwards. */
import { Problem } from '../api/problem';

/** Do `work`; then, or when somebody was quicker, `reload` what is on the screen. The problem goes on to the caller. */
export async function act<T>(work: () => Promise<T>, reload: () => void): Promise<T> {
  try {
    const done = await work();
    reload();
    return done;
  } catch (cause) {
    if (cause instanceof Problem && isClash(cause)) reload();
    throw cause;
  }
}

/** Whether somebody else changed the thing in the meantime. */
export function isClash(problem: Problem): boolean {
  return problem.status === 409 || problem.status === 412;
}
