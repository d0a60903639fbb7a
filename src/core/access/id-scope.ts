/** For whom the ids count that publishers give what they publish (RSL1k). */
import type { Caller } from './caller.ts'

/**
 * Once for all who hold a key, so that several backends with it still know each other's repetitions; of a client that
 * is identified, once for that client. Who only shares the channel cannot use up somebody else's ids.
 */
export function idScopeOf(caller: Caller): string {
  if (caller.kind !== 'app') return caller.kind
  const { clientId, keyId } = caller
  // Ids of keys have no line breaks; client ids may have any character, and JSON text has none.
  return `${keyId}\n${clientId === undefined ? '' : JSON.stringify(clientId)}`
}
