/** How much memory this process has. */

let last = 0

/**
 * Bytes. Where as many files are open as may be, the system tells it to nobody: then as much as the last time, for that
 * is when somebody looks at the numbers.
 */
export function residentBytes(): number {
  try {
    last = process.memoryUsage.rss()
  } catch {
    // It is read from a file.
  }
  return last
}
