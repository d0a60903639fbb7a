/** The history in SQLite does what every history does. */
import { openHistory } from '../../../src/store/history/history-log.ts'
import { historyCases } from '../../suite/history.ts'
import { temporaryFolder } from '../../support/server.ts'

historyCases('HistoryLog', (clock) => {
  const folder = temporaryFolder()
  const history = openHistory(folder.path, {
    hours: 24,
    diskMb: 0,
    clock,
    keepsLast: () => false,
    onFault: (fault) => {
      throw fault
    },
  })
  return {
    history,
    close: () => {
      history.close()
      folder.remove()
    },
  }
})
