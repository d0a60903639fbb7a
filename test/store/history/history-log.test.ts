/** The history in SQLite, on the disk and in memory, does what every history does. */
import type { Clock } from '../../../src/core/clock.ts'
import { openHistory } from '../../../src/store/history/history-log.ts'
import { historyCases } from '../../suite/history.ts'
import { temporaryFolder } from '../../support/server.ts'

function open(folder: string | undefined, clock: Clock) {
  return openHistory(folder, {
    hours: 24,
    diskMb: 0,
    shareOf: (realm: string) => realm,
    diskMbOf: () => 0,
    clock,
    keepsLast: () => false,
    onFault: (fault) => {
      throw fault
    },
  })
}

historyCases('HistoryLog', (clock) => {
  const folder = temporaryFolder()
  const history = open(folder.path, clock)
  return {
    history,
    close: () => {
      history.close()
      folder.remove()
    },
  }
})

historyCases('HistoryLog in memory', (clock) => {
  const history = open(undefined, clock)
  return { history, close: () => history.close() }
})
