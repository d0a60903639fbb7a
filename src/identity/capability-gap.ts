/** What stands between a holder of credentials and an operation, for the log of whoever runs the server. */
import { type Capability, canonicalText } from '../policy/capability/capability.ts'
import { explainCapability, lineText } from '../policy/capability/explain.ts'
import type { Operation } from '../policy/capability/operations.ts'
import type { DirectoryKey } from './directory.ts'
import type { AppPrincipal } from './principal.ts'

/** A capability may have thousands of lines, a log line should be readable. */
const MAX_SHOWN = 300

/** A `because` that names the nearest line and the one that would allow it. */
export function capabilityGap(
  {
    appId,
    keyId,
    method,
    capability,
  }: Pick<AppPrincipal, 'appId' | 'keyId' | 'method' | 'capability'>,
  operation: Operation,
  resource: string,
): { readonly [field: string]: string } {
  const { line, change } = explainCapability(capability, resource, operation)
  return {
    key: `${appId}.${keyId}`,
    operation,
    resource,
    because: line
      ? `the line ${shown(lineText(line))} of the ${OWNERS[method]} is without ${operation}`
      : `no line of the ${OWNERS[method]} is about it`,
    ...(change && { change: `the line ${shown(lineText(change))} would allow it` }),
  }
}

const OWNERS: Readonly<Record<AppPrincipal['method'], string>> = {
  basic: 'key',
  token: 'token',
  jwt: 'JWT',
}

/** A `because` for a token that would permit nothing. */
export function noCommonGround(
  key: DirectoryKey,
  wanted: Capability,
): { readonly [field: string]: string } {
  return {
    key: key.name,
    because: `the key permits ${shown(canonicalText(key.capability))} and nothing of ${shown(canonicalText(wanted))}`,
  }
}

function shown(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}
