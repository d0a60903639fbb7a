/** Capabilities between the two forms that people fill in: privileges on channels, and JSON. */
import {
  type Capability,
  canonicalText,
  parseAccepted,
  parseCapability,
} from '../../../policy/capability/capability.ts'
import { capabilityOfLists, listsOfCapability } from '../../../policy/capability/lists.ts'
import { type Result, fail } from '../../../failure.ts'
import { type Fields, listField, textField } from '../../fields.ts'

/** What the form of a key shows. */
export interface CapabilityForm {
  /** Which half counts. */
  readonly mode: 'lists' | 'json'
  readonly privileges: readonly string[]
  /** One a line. */
  readonly channels: string
  readonly json: string
}

/** Privileges by what they are about, in words. */
export const PRIVILEGES: readonly (readonly [
  group: string,
  items: readonly (readonly [name: string, meaning: string])[],
])[] = [
  [
    'Messages',
    [
      ['publish', 'Send messages'],
      ['subscribe', 'Receive messages'],
      ['history', 'Read earlier messages'],
    ],
  ],
  ['Presence', [['presence', 'Be present']]],
  [
    'Changing messages',
    [
      ['message-update-own', 'Change one’s own'],
      ['message-update-any', 'Change anybody’s'],
      ['message-delete-own', 'Delete one’s own'],
      ['message-delete-any', 'Delete anybody’s'],
    ],
  ],
  [
    'Annotations',
    [
      ['annotation-publish', 'Annotate messages'],
      ['annotation-subscribe', 'Receive annotations'],
    ],
  ],
  [
    'Objects',
    [
      ['object-publish', 'Change live objects'],
      ['object-subscribe', 'Receive live objects'],
    ],
  ],
  [
    'Server',
    [
      ['channel-metadata', 'Read the state of channels'],
      ['stats', 'Read statistics'],
      ['push-subscribe', 'Register a device for push'],
      ['push-admin', 'Manage all devices for push'],
      ['privileged-headers', 'Set headers for trusted publishers'],
    ],
  ],
]

export function formOf(capability: Capability): CapabilityForm {
  const lists = listsOfCapability(capability)
  return {
    mode: lists ? 'lists' : 'json',
    privileges: lists?.privileges ?? [],
    channels: (lists?.channels ?? []).join('\n'),
    json: prettyJson(capability),
  }
}

export function formOfFields(fields: Fields): CapabilityForm {
  return {
    mode: textField(fields, 'mode') === 'json' ? 'json' : 'lists',
    privileges: listField(fields, 'privilege'),
    channels: textField(fields, 'channels'),
    json: textField(fields, 'json'),
  }
}

/** The capability that the half which counts asks for. */
export function capabilityOfForm(form: CapabilityForm): Result<Capability> {
  if (form.mode === 'json') return parseCapability(form.json)
  const channels = form.channels
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (form.privileges.length === 0)
    return fail('capability_invalid', 'choose at least one privilege')
  if (channels.length === 0)
    return fail('capability_invalid', 'name at least one channel; * stands for all')
  // `*` says more than any list that has it.
  const privileges = form.privileges.includes('*') ? ['*'] : form.privileges
  return capabilityOfLists({ privileges, channels }, new Map())
}

/** JSON that people can read: a line for each resource. */
export function prettyJson(capability: Capability): string {
  const lines = Object.entries(plain(capability)).map(
    ([resource, operations]) => `  ${JSON.stringify(resource)}: ${JSON.stringify(operations)}`,
  )
  return `{\n${lines.join(',\n')}\n}`
}

/** A stored capability; text that cannot be read permits nothing. */
export function storedCapability(text: string): Capability {
  const read = parseAccepted(text)
  return read.ok ? read.value : new Map()
}

export function linesOf(
  capability: Capability,
): readonly (readonly [resource: string, operations: readonly string[]])[] {
  return Object.entries(plain(capability))
}

function plain(capability: Capability): Record<string, readonly string[]> {
  return JSON.parse(canonicalText(capability)) as Record<string, readonly string[]>
}
