/** A history in a folder, or in memory without one, as tests of the store open it: without limits, and every fault ends the test. */
import type { Clock } from '../../src/core/clock.ts'
import { type HistoryLog, openHistory } from '../../src/store/history/history-log.ts'

export function openUnlimitedHistory(folder: string | undefined, clock: Clock): HistoryLog {
  return openHistory(folder, {
    hours: 24,
    diskMb: 0,
    shareOf: (realm) => realm,
    diskMbOf: () => 0,
    clock,
    keepsLast: () => false,
    onFault: (fault) => {
      throw fault
    },
  })
}
