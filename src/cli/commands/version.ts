/** `latchkey version` */
import { SCHEMA_VERSION } from '../../store/database.ts'
import { VERSION } from '../../version.ts'
import { type Command, EXIT } from '../command.ts'

export const version: Command = {
  name: 'version',
  summary: 'Show the version of this program and of what it is made with',
  positionals: [],
  options: [],
  settings: 'data',
  run: ({ output }) => {
    const parts = {
      version: VERSION,
      bun: Bun.version,
      schema: SCHEMA_VERSION,
      platform: `${process.platform}-${process.arch}`,
    }
    output.result(
      parts,
      `latchkey ${parts.version} (bun ${parts.bun}, schema ${parts.schema}, ${parts.platform})`,
    )
    return Promise.resolve(EXIT.done)
  },
}
