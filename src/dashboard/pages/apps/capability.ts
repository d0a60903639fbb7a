/** Capabilities between the two forms that people fill in: privileges on channels, and JSON. */
import {
  type Capability,
  canonicalText,
  parseAccepted,
  parseCapability,
} from '../../../policy/capability/capability.ts'
import { capabilityOfLists, listsOfCapability } from '../../../policy/capability/lists.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { type Fields, listField, textField } from '../../fields.ts'

/** What the form of a key shows. */
export interface CapabilityForm {
  /** Whether the lists or the JSON are used. */
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

/** Operations by resource, in the order and by the names in which they were given. */
export type Lines = Readonly<Record<string, readonly string[]>>

/** What a form asks for. */
export interface Asked {
  readonly capability: Capability
  readonly lines: Lines
}

/** @param text as it is stored */
export function formOf(text: string): CapabilityForm {
  const lists = listsOfCapability(storedCapability(text))
  return {
    mode: lists ? 'lists' : 'json',
    privileges: lists?.privileges ?? [],
    channels: (lists?.channels ?? []).join('\n'),
    json: prettyJson(storedLines(text)),
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

/** The capability of the half of the form that is used. */
export function capabilityOfForm(form: CapabilityForm): Result<Asked> {
  if (form.mode === 'json') {
    const read = parseCapability(form.json)
    if (!read.ok) return read
    return ok({ capability: read.value, lines: JSON.parse(form.json) as Lines })
  }
  const channels = form.channels
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (form.privileges.length === 0)
    return fail('capability_invalid', 'choose at least one privilege')
  if (channels.length === 0)
    return fail('capability_invalid', 'name at least one channel; * stands for all')
  // `*` includes all the others.
  const privileges = form.privileges.includes('*') ? ['*'] : form.privileges
  const read = capabilityOfLists({ privileges, channels }, new Map())
  if (!read.ok) return read
  const lines = Object.fromEntries(channels.map((channel) => [channel, privileges]))
  return ok({ capability: read.value, lines })
}

/** Whether a form leaves what is stored as it is: lists have an order of their own. */
export function isUnchanged({ mode }: CapabilityForm, asked: Asked, stored: string): boolean {
  return (
    mode === 'lists' && canonicalText(asked.capability) === canonicalText(storedCapability(stored))
  )
}

/** JSON that people can read: a line for each resource. */
export function prettyJson(lines: Lines): string {
  const texts = Object.entries(lines).map(
    ([resource, operations]) => `  ${JSON.stringify(resource)}: ${JSON.stringify(operations)}`,
  )
  return `{\n${texts.join(',\n')}\n}`
}

/** A stored capability; text that cannot be read permits nothing. */
export function storedCapability(text: string): Capability {
  const read = parseAccepted(text)
  return read.ok ? read.value : new Map()
}

/** A stored capability as it was given. */
export function storedLines(text: string): Lines {
  return parseAccepted(text).ok ? (JSON.parse(text) as Lines) : {}
}
