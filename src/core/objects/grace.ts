/** How long what was removed or deleted is remembered, so that nothing older can bring it back: also what clients do. */
export const OBJECT_GRACE_MS = 86_400_000
