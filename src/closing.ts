/** Closing what belongs together: whatever fails on the way, the rest is closed too. */

/**
 * Does every step in turn.
 * @throws what the first of those that failed threw, after the last step
 */
export async function closeAll(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** The same for what must not hide a failure that came before it. */
export async function closeQuietly(steps: readonly (() => unknown)[]): Promise<void> {
  try {
    await closeAll(steps)
  } catch {
    // Whoever calls this has something more important to tell.
  }
}
