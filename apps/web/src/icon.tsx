// Line icons, drawn here so that the page loads nothing from elsewhere.

const PATHS = {
  hyphae:
    'M12 21V11M12 15c-4 0-6-2-6-5M12 12c4 0 6-2 6-5M6 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4M18 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4M12 11a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
  network:
    'M5 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4M19 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4M9 21a2 2 0 1 0 0-4 2 2 0 0 0 0 4M7 5.5l10 1M6 7l2.5 10M17.5 8.5l-7 9',
  chat: 'M4 5h16v11H9l-5 4z',
  store: 'M4 7c0-2 16-2 16 0v10c0 2-16 2-16 0zM4 7c0 2 16 2 16 0M4 12c0 2 16 2 16 0',
  timeline: 'M4 6h4M4 12h10M4 18h7M12 6h8M17 12h3M14 18h6',
  invite: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  settings: 'M4 7h9M17 7h3M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4M4 17h3M11 17h9M9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
} as const

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" className="icon">
      <path d={PATHS[name]} />
    </svg>
  )
}
