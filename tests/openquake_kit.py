"""Small files of OpenQuake, written by hand."""

from __future__ import annotations

from pathlib import Path

HEAD = '<?xml version="1.0"?><nrml xmlns="http://openquake.org/xmlns/nrml/0.5">'
EXPOSURE = (
    HEAD
    + """<exposureModel id="e" category="buildings"><conversions>
<area type="per_asset" unit="m2"/><costTypes>
<costType name="structural" type="per_area" unit="EUR"/>
<costType name="contents" type="per_asset" unit="EUR"/></costTypes></conversions>
<exposureFields><field oq="night" input="SLEEPERS"/></exposureFields>
<occupancyPeriods>day night</occupancyPeriods><tagNames>district</tagNames>
<assets>assets.csv</assets></exposureModel></nrml>"""
)
ASSETS = """id,lon,lat,taxonomy,number,area,structural,contents,day,SLEEPERS,district
a,10.0,45.0,brick,2,50,3,7,4,8,north
b,10.1,45.0,wood,1,100,1,5,0,2,
"""
INLINE = (
    HEAD
    + """<exposureModel id="e" category="buildings"><conversions><costTypes>
<costType name="structural" type="aggregated" unit="EUR"/></costTypes>
<deductible isAbsolute="false"/><insuranceLimit isAbsolute="false"/></conversions><assets>
<asset id="a" taxonomy="brick" number="3"><location lon="10" lat="45"/>
<costs><cost type="structural" value="100" deductible="0.1" insuranceLimit="0.5"/></costs>
<occupancies><occupancy period="day" occupants="6"/></occupancies></asset>
</assets></exposureModel></nrml>"""
)
VULNERABILITY = (
    HEAD
    + """<vulnerabilityModel id="v" assetCategory="buildings"
lossCategory="structural">
<vulnerabilityFunction id="brick" dist="LN"><imls imt="PGA">0.1 0.3 0.5</imls>
<meanLRs>0.0 0.2 0.4</meanLRs><covLRs>0 0 0</covLRs></vulnerabilityFunction>
<vulnerabilityFunction id="wood" dist="PM"><imls imt="SA(0.30)">0.1 0.5</imls>
<probabilities lr="0.0">0.75 0.5</probabilities><probabilities lr="1.0">0.25 0.5</probabilities>
</vulnerabilityFunction></vulnerabilityModel></nrml>"""
)
FRAGILITY = (
    HEAD
    + """<fragilityModel id="f" assetCategory="buildings" lossCategory="structural">
<limitStates>slight heavy</limitStates>
<fragilityFunction id="brick" format="discrete"><imls imt="PGA" noDamageLimit="0.05">0.1 0.5</imls>
<poes ls="slight">0.2 1.0</poes><poes ls="heavy">0.0 0.5</poes></fragilityFunction>
<fragilityFunction id="wood" format="continuous"><imls imt="PGA" minIML="0.1" maxIML="2"/>
<params ls="slight" mean="0.2" stddev="0.1"/><params ls="heavy" mean="0.6" stddev="0.3"/>
</fragilityFunction></fragilityModel></nrml>"""
)
MOTION = """event_id,site_id,gmv_PGA,gmv_SA(0.3)
0,0,0.3,0.5
0,1,0.4,0.5
2,0,0.5,0.1
"""
SITES = "site_id,lon,lat\n0,10.0,45.0\n1,10.1,45.0\n"
JOB = """[general]
calculation_mode = event_based_risk
exposure_file = exposure.xml
structural_vulnerability_file = vulnerability.xml
gmfs_csv = gmf.csv
sites_csv = sites.csv
investigation_time = 10
ses_per_logic_tree_path = 2
number_of_ground_motion_fields = 4
"""


def files(folder: Path, **texts: str) -> Path:
    """Write files, `exposure_xml` as `exposure.xml`; return the folder."""
    for name, text in texts.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(text, encoding="utf-8")
    return folder


def whole_job(folder: Path, **other: str) -> Path:
    """Write a job with all its files; return its `job.ini`."""
    given = {
        "exposure_xml": EXPOSURE, "assets_csv": ASSETS, "vulnerability_xml": VULNERABILITY,
        "fragility_xml": FRAGILITY, "gmf_csv": MOTION, "sites_csv": SITES, "job_ini": JOB,
    }  # fmt: skip
    return files(folder, **{**given, **other}) / "job.ini"
