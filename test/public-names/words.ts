/** Words of the audit trail and the metrics, of which a running server has no list. */
import type { Action } from '../../src/service/audit/audit.ts'
import { ENTITIES } from '../../src/service/audit/audit.ts'
import { actionPhrase } from '../../src/service/audit/audit-words.ts'
import { sourceFiles } from '../support/imports.ts'

/** Those of the reasons for which a connection is closed that the source still gives. */
export function closeReasons(words: readonly string[]): string[] {
  const texts = sourceFiles()
    .filter(({ path }) => /^(protocol|transport)\//.test(path))
    .map(({ text }) => text)
  return words.filter((word) => {
    const given = new RegExp(`(?:close|punish|end|return|closeReason)\\b[^\\n]*'${word}'`, 'i')
    return texts.some((text) => given.test(text))
  })
}

/** What the trail tells of. */
export function auditEntities(): string[] {
  return ENTITIES.map((entity) => `kind ${entity}`)
}

/** Those of the deeds that the trail still has words for. */
export function auditActions(words: readonly string[]): string[] {
  return words.filter((word) => {
    const [type, action] = word.split(' ')
    if (type !== 'action') return false
    return !actionPhrase({ action: action as Action, kind: 'app' }).words.includes('undefined')
  })
}
