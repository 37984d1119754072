"""Chapter 3. Logistic Regression.

Section  Title                          Here
-------  -----------------------------  ---------
3.1      Introduction                   (to come)
3.2      Formalization of the Problem   (to come)
3.3      Metric                         (to come)
3.4      Transitions and Scaling        (to come)
3.5      Normalization                  (to come)
3.6      Perfect Data and Penalization  (to come)
3.7      Multiclass prediction          (to come)
3.8      Brief Concluding Remarks       (to come)
3.9      Exercises                      (to come)
"""
