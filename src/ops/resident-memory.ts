/** How much memory this process has. */

let last = 0

/**
 * Memory of the process in bytes. With no open file left the system cannot be asked; then the last value is returned,
 * because that is the moment when an operator looks at the numbers.
 */
export function residentBytes(): number {
  try {
    last = process.memoryUsage.rss()
  } catch {
    // The value comes from a file below /proc, which cannot be opened.
  }
  return last
}
