/** The history in SQLite, on the disk and in memory, does what every history does. */
import { historyCases } from '../../suite/history.ts'
import { temporaryFolder } from '../../support/server.ts'
import { openUnlimitedHistory } from '../../support/history.ts'

historyCases('HistoryLog', (clock) => {
  const folder = temporaryFolder()
  const history = openUnlimitedHistory(folder.path, clock)
  return {
    history,
    close: () => {
      history.close()
      folder.remove()
    },
  }
})

historyCases('HistoryLog in memory', (clock) => {
  const history = openUnlimitedHistory(undefined, clock)
  return { history, close: () => history.close() }
})
