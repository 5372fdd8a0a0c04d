/** Line drawings on a 24-unit square, for the screen and for the map. */
const PATHS = {
  situation: 'M3 6.5 9 4l6 2.5L21 4v13.5L15 20l-6-2.5L3 20ZM9 4v13.5M15 6.5V20',
  warnings: 'M12 3.5 21.5 20h-19ZM12 10v4.5M12 17v.6',
  command: 'M4 20V4m0 1h13l-2.5 4L17 13H4',
  recovery: 'M14.5 5.5a4.5 4.5 0 0 0-5.7 5.7L3.5 16.5 7.5 20.5l5.3-5.3a4.5 4.5 0 0 0 5.7-5.7l-3 3-3-3Z',
  assessment: 'M4 20V4M4 20h16M8 16v-5m4 5V7m4 9v-3',
  risk: 'M3 20c2.5 0 3.5-14 6-14s2.5 9 5 9 2.5-4 7-4M3 20h18',
  data: 'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3Zm0 0v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  transport: 'M5 16V7c0-2 2-3 7-3s7 1 7 3v9ZM5 11h14M8 16v3m8-3v3M8.5 13.5h.1m6.9 0h.1',
  medical: 'M9 4h6v5h5v6h-5v5H9v-5H4V9h5Z',
  water: 'M12 3.5c4 4.8 6 8 6 10.5a6 6 0 0 1-12 0c0-2.5 2-5.7 6-10.5Z',
  energy: 'M13 3 5 14h6l-1 7 8-11h-6Z',
  environment: 'M5 19c0-9 5-14 15-14 0 10-5 15-14 15m-1-1c2-4 5-7 9-9',
  services: 'M3 20h18M5 20V9l7-5 7 5v11M9 20v-6h6v6',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm5-1.5L20.5 20.5',
  close: 'M5 5l14 14M19 5 5 19',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  keyboard: 'M3 7h18v11H3ZM6.5 10.5h.1m3.4 0h.1m3.4 0h.1m3.4 0h.1M8 14.5h8',
  play: 'M7 4.5 19 12 7 19.5Z',
  pause: 'M8 5v14m8-14v14',
  stop: 'M6 6h12v12H6Z',
  jump: 'M4 5l8 7-8 7Zm9 0 8 7-8 7Z',
  table: 'M3 5h18v14H3Zm0 5h18M3 14.5h18M9.5 5v14',
  layers: 'M12 4 21 9l-9 5-9-5Zm-9 9 9 5 9-5',
  alarm: 'M6 17V11a6 6 0 0 1 12 0v6l2 2H4Zm4 4h4',
  print: 'M7 9V4h10v5M5 17H3V9h18v8h-2M7 14h10v6H7Z',
  out: 'M10 4H4v16h6M9 12h11m-4-4 4 4-4 4',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2',
  sensor: 'M12 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Zm-4.5 3a6.4 6.4 0 0 1 0-9m9 0a6.4 6.4 0 0 1 0 9M5 19a10 10 0 0 1 0-14m14 0a10 10 0 0 1 0 14',
  home: 'M4 11 12 4l8 7v9H4Z',
  fit: 'M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5',
} as const;

export type IconName = keyof typeof PATHS;

export function iconPath(name: IconName): string {
  return PATHS[name] ?? PATHS.services;
}
