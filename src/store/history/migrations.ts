/** The migrations of `history.db` in order, as text inside the program. */
import first from './migrations/0000_first.sql' with { type: 'text' }
import realms from './migrations/0001_realms.sql' with { type: 'text' }
import objects from './migrations/0002_objects.sql' with { type: 'text' }

export const migrations: readonly string[] = [first, realms, objects]
