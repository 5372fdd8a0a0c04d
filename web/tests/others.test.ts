import { describe, expect, it } from 'vitest';
import type { Features, OtherWarning } from '../src/api/types';
import { PALETTES, warningLayer } from '../src/map/layers';
import { infoOf, stateOf } from '../src/pages/warnings/others';

const info = (language: string): OtherWarning['infos'][number] => ({
  language, event: language, urgency: '', severity: 'Severe', certainty: '', effective: '', expires: null, sender_name: '',
  headline: '', description: '', instruction: '', web: '', areas: [],
});
const warning = (changes: Partial<OtherWarning>): OtherWarning => ({
  id: 'a', sender: 's', identifier: '1', sent: '', status: 'Actual', kind: 'Alert', colour: null, level: 2, is_in_force: true, ends: '',
  signature: 'none', signed_by: '', superseded_by: '', feed: 'f', received: '', findings: [], infos: [info('en-US'), info('zh-CN')], ...changes,
});

describe('warnings of others', () => {
  it('are read in the language of the user, or in their own', () => {
    expect(infoOf(warning({}), 'zh-CN')?.event).toBe('zh-CN');
    expect(infoOf(warning({ infos: [info('es-CL')] }), 'en')?.event).toBe('es-CL');
  });
  it('say why they do not hold', () => {
    expect([{}, { status: 'Test' }, { signature: 'bad' }, { superseded_by: 'b' }, { is_in_force: false }].map((one) => stateOf(warning(one))))
      .toEqual(['inForce', 'exercise', 'forged', 'superseded', 'over']);
  });
  it('have a warning colour on the map only when they state one', () => {
    const geometry: GeoJSON.Geometry = { type: 'MultiPolygon', coordinates: [] };
    const areas: Features<{ colour: number | null; mode: string }> = {
      type: 'FeatureCollection',
      features: [1, null].map((colour, row) => ({ type: 'Feature', geometry, properties: { row, colour, mode: row ? 'drill' : 'live' } })),
    };
    const drawn = warningLayer(areas, PALETTES.light).data.features.map((f) => f.properties);
    expect(drawn[0]).toMatchObject({ colour: '#c21818', isDotted: false });
    expect(drawn[1]).toMatchObject({ colour: PALETTES.light.ink, isDotted: true });
  });
});
